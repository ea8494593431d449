"""What MLflow has and mlops has not: an AttributeError that says so."""

from __future__ import annotations

import pytest

import mlops

LATER = "prophet search_logged_models last_logged_model metrics".split()
NEVER = "trace start_span genai openai load_prompt projects run gateway deployments log_feedback".split()


@pytest.mark.parametrize("name", LATER)
def test_what_comes_later_says_so(name: str) -> None:
    with pytest.raises(AttributeError, match=f"'mlops' has no attribute '{name}': .* comes? with a later version"):
        getattr(mlops, name)


@pytest.mark.parametrize("name", NEVER)
def test_what_does_not_come_says_so(name: str) -> None:
    with pytest.raises(AttributeError, match=f"'mlops' has no attribute '{name}': .* outside of what mlops does"):
        getattr(mlops, name)


@pytest.mark.parametrize("name", ["search_logged_models", "search_traces"])
def test_the_client_says_so_too(name: str) -> None:
    with pytest.raises(AttributeError, match=f"'MlflowClient' has no attribute '{name}': "):
        getattr(mlops.MlflowClient(), name)


@pytest.mark.parametrize("name", ["log_metrik", "runs", "__wrapped__", "metric"])
def test_a_name_that_nobody_has_is_only_missing(name: str) -> None:
    for owner in [mlops, mlops.MlflowClient()]:
        with pytest.raises(AttributeError, match=f"has no attribute '{name}'$"):
            getattr(owner, name)
        assert not hasattr(owner, name)


def test_what_can_be_asked_for_optionally_is_simply_absent() -> None:
    assert getattr(mlops, "last_logged_model", None) is None
    with pytest.raises(ImportError):
        exec("from mlops import last_logged_model")
