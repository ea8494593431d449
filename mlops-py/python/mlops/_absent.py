"""What MLflow has and mlops has not: the sentence that a call of such a name gets."""

from __future__ import annotations

_LATER = "with a later version of mlops"

# What it is, when it comes, and its names; `*` stands for any ending. The first that fits counts.
_ABSENT = (
    (
        "tracing and language models are outside of what mlops does",
        "trac* *_trace *_trace_* *_traces *_traces_* *_span start_span* *Span* *Trace* genai llm openai langchain langgraph"
        " anthropic llama_index gemini bedrock dspy crewai autogen ag2 litellm groq mistral agent agno azure haystack otel"
        " pydantic_ai semantic_kernel smolagents strands txtai typesafe *prompt *prompts *_prompt_* Prompt *_feedback"
        " Feedback *_expectation Expectation *assessment* Assessment* *_issue Issue* Scorer* Session search_sessions"
        " *mcp_* MCP* *_dataset *_datasets *_dataset_tag *_dataset_tags *_dataset_to_* *_dataset_from_* DatasetRecord*"
        " Document Guardrail*",
    ),
    ("projects are outside of what mlops does", "projects run recipes"),
    (
        "serving, gateways and servers are outside of what mlops does",
        "gateway Gateway* Budget* Fallback* Routing* deployments server login *webhook* Webhook* *workspace* Workspace*",
    ),
    (
        "the model registry is in the store: mlops.set_tracking_uri names it",
        "*registry_uri",
    ),
    (
        "checkpoints are imported on Databricks only, in MLflow too: log each with create_external_model or log_model",
        "import_checkpoints",
    ),
    (
        "data sets of this library are out of scope of this version: use from_pandas, from_polars or from_numpy",
        "from_spark from_tensorflow from_huggingface load_delta",
    ),
    ("there is nothing to flush: a log call returns when its value would survive the process", "flush_*_logging"),
    (
        f"this kind of model comes {_LATER}",
        "tensorflow spacy prophet pmdarima spark h2o"
        " transformers sentence_transformers paddle shap diffusers johnsnowlabs rfunc",
    ),
)


def sentence(owner: str, name: str) -> str:
    """Why ``owner`` has no such attribute."""
    from fnmatch import fnmatchcase

    missing = f"{owner!r} has no attribute {name!r}"
    if not name.startswith("_"):
        for why, names in _ABSENT:
            if any(fnmatchcase(name, known) for known in names.split()):
                return f"{missing}: {why}"
    return missing
