/* Plays calls of the registry, and prints what it holds as JSON. */

#include "runner.h"

/* What somebody says of a version. */
static mlops_status say(char **f, mlops_error **error) {
  mlops_buf out = MLOPS_BUF_INIT;
  const int64_t version = strtoll(f[2], NULL, 10);
  const mlops_str model = mlops_cstr(f[1]);
  const mlops_str actor = mlops_cstr(f[3]);
  const mlops_str reason = mlops_cstr(f[4]);
  mlops_status status;
  if (strcmp(f[0], "request") == 0) {
    status = mlops_model_version_request_approval(store, model, version, MLOPS_STR_EMPTY, actor, reason, &out, error);
  } else if (strcmp(f[0], "approve") == 0) {
    status = mlops_model_version_approve(store, model, version, MLOPS_STR_EMPTY, actor, reason, &out, error);
  } else if (strcmp(f[0], "reject") == 0) {
    status = mlops_model_version_reject(store, model, version, MLOPS_STR_EMPTY, actor, reason, &out, error);
  } else {
    status = mlops_model_version_withdraw(store, model, version, MLOPS_STR_EMPTY, actor, reason, &out, error);
  }
  mlops_buf_free(&out);
  return status;
}

/* A call that brings a version to production or back, or notes a gate. */
static mlops_status move(struct call *call, mlops_error **error) {
  char **f = call->fields;
  const mlops_str model = mlops_cstr(f[0]);
  mlops_buf out = MLOPS_BUF_INIT;
  int64_t number = 0;
  mlops_status status;
  if (strcmp(call->name, "promote") == 0) {
    mlops_promote_options options = MLOPS_PROMOTE_OPTIONS_INIT;
    options.slot = mlops_cstr(f[2]);
    options.expect = strtoll(f[3], NULL, 10);
    status = mlops_model_version_promote(store, model, strtoll(f[1], NULL, 10), &options, mlops_cstr(f[4]),
                                         mlops_cstr(f[5]), &number, &out, error);
  } else if (strcmp(call->name, "rollback") == 0) {
    status = mlops_registered_model_rollback(store, model, mlops_cstr(f[1]), strtoll(f[2], NULL, 10), mlops_cstr(f[3]),
                                             mlops_cstr(f[4]), &number, &out, error);
  } else {
    mlops_gate gate = MLOPS_GATE_INIT;
    const mlops_metric metric = {mlops_cstr(f[5]), strtod(f[6], NULL), 0, 0};
    gate.baseline = strtoll(f[2], NULL, 10);
    gate.name = mlops_cstr(f[3]);
    gate.verdict = mlops_cstr(f[4]);
    gate.metrics = &metric;
    gate.metrics_count = 1;
    status = mlops_model_version_record_gate(store, model, strtoll(f[1], NULL, 10), &gate, mlops_cstr(f[7]),
                                             MLOPS_STR_EMPTY, &out, error);
  }
  mlops_buf_free(&out);
  return status;
}

static mlops_status register_version(struct call *call, mlops_error **error) {
  char **f = call->fields;
  mlops_tag tags[FIELDS];
  mlops_version_options options = MLOPS_VERSION_OPTIONS_INIT;
  char source[512];
  int64_t version = 0;
  snprintf(source, sizeof source, "runs:/%s/%s", mlops_run_id(run_of(f[1])).ptr, f[2]);
  options.source = mlops_cstr(source);
  options.tags = tags;
  options.tags_count = tags_of(f + 3, call->count - 3, tags);
  return mlops_model_version_create(store, mlops_cstr(f[0]), &options, MLOPS_STR_EMPTY, MLOPS_STR_EMPTY, &version, error);
}

mlops_status play_registry(struct call *call, int *known, mlops_error **error) {
  char **f = call->fields;
  const char *name = call->name;
  const mlops_str none = MLOPS_STR_EMPTY;
  const mlops_str first = mlops_cstr(f[0]);
  const mlops_str second = call->count > 1 ? mlops_cstr(f[1]) : none;
  const mlops_str third = call->count > 2 ? mlops_cstr(f[2]) : none;
  const int64_t version = call->count > 1 ? strtoll(f[1], NULL, 10) : 0;
  int64_t copied = 0;
  *known = 1;
  if (strcmp(name, "create_model") == 0) {
    mlops_tag tags[FIELDS];
    size_t count = tags_of(f + 2, call->count - 2, tags);
    return mlops_registered_model_create(store, first, second, tags, count, none, none, error);
  }
  if (strcmp(name, "describe_model") == 0)
    return mlops_registered_model_describe(store, first, second, none, none, error);
  if (strcmp(name, "rename_model") == 0) return mlops_registered_model_rename(store, first, second, none, none, error);
  if (strcmp(name, "delete_model") == 0) return mlops_registered_model_delete(store, first, 0, none, none, error);
  if (strcmp(name, "register_version") == 0) return register_version(call, error);
  if (strcmp(name, "copy_version") == 0)
    return mlops_model_version_copy(store, first, version, third, none, none, &copied, error);
  if (strcmp(name, "describe_version") == 0)
    return mlops_model_version_describe(store, first, version, third, none, none, error);
  if (strcmp(name, "tag_version") == 0)
    return mlops_model_version_set_tag(store, first, version, third, mlops_cstr(f[3]), none, none, error);
  if (strcmp(name, "untag_version") == 0)
    return mlops_model_version_delete_tag(store, first, version, third, none, none, error);
  if (strcmp(name, "delete_version") == 0)
    return mlops_model_version_delete(store, first, version, 0, none, none, error);
  if (strcmp(name, "set_alias") == 0)
    return mlops_registered_model_set_alias(store, first, second, strtoll(f[2], NULL, 10), none, none, error);
  if (strcmp(name, "delete_alias") == 0)
    return mlops_registered_model_delete_alias(store, first, second, none, none, error);
  if (strcmp(name, "set_stage") == 0)
    return mlops_model_version_set_stage(store, first, version, third, 0, MLOPS_GENERATION_ANY, none, none, error);
  if (strcmp(name, "set_policy") == 0)
    return mlops_registry_set_policy(store, first, none, second, third, mlops_cstr(f[3]), error);
  if (strcmp(name, "say") == 0) return say(f, error);
  if (strcmp(name, "promote") == 0 || strcmp(name, "rollback") == 0 || strcmp(name, "record_gate") == 0)
    return move(call, error);
  *known = 0;
  return MLOPS_OK;
}

/* The number of the version that a URI names, or of the error. */
void dump_uri(const char *uri) {
  int64_t version = 0;
  const mlops_status status = mlops_model_version_of_uri(store, mlops_cstr(uri), &version, NULL);
  printf("%lld", status == MLOPS_OK ? (long long)version : (long long)status);
}

/* A model with its versions, which are numbered from 1; those that were deleted are not there. */
void dump_model(const char *name) {
  mlops_buf buf = MLOPS_BUF_INIT;
  int64_t latest = 0;
  int count = 0;
  char uri[512];
  OK(mlops_registered_model_json(store, mlops_cstr(name), &buf, &error));
  printf("{\"model\":");
  print(&buf);
  printf(",\"versions\":[");
  snprintf(uri, sizeof uri, "models:/%s/latest", name);
  OK(mlops_model_version_of_uri(store, mlops_cstr(uri), &latest, &error));
  for (int64_t version = latest; version > 0; version--) {
    mlops_artifacts *listed = NULL;
    mlops_artifact artifact = MLOPS_ARTIFACT_INIT;
    if (mlops_model_version_json(store, mlops_cstr(name), version, &buf, NULL) != MLOPS_OK) continue;
    printf("%s{\"version\":", count++ == 0 ? "" : ",");
    print(&buf);
    printf(",\"files\":[");
    OK(mlops_model_version_list_files(store, mlops_cstr(name), version, MLOPS_STR_EMPTY, &listed, &error));
    for (size_t i = 0; i < mlops_artifacts_count(listed); i++) {
      OK(mlops_artifacts_at(listed, i, &artifact, &error));
      if (i > 0) putchar(',');
      text(artifact.path);
    }
    mlops_artifacts_free(listed);
    OK(mlops_model_version_status_json(store, mlops_cstr(name), version, MLOPS_STR_EMPTY, MLOPS_STR_EMPTY, &buf, &error));
    printf("],\"can_promote\":%s}", strstr(buf.data, "\"can_promote\":true") == NULL ? "false" : "true");
    mlops_buf_free(&buf);
  }
  printf("]}");
}

/* The events, and what is waited for. */
void dump_log(void) {
  mlops_buf buf = MLOPS_BUF_INIT;
  OK(mlops_registry_events_json(store, 0, 10000, &buf, &error));
  print(&buf);
  OK(mlops_registry_pending_json(store, &buf, &error));
  int pending = 0;
  for (const char *at = buf.data; (at = strstr(at, "\"needed\":")) != NULL; at++) pending++;
  mlops_buf_free(&buf);
  int64_t verified = 0;
  OK(mlops_registry_verify(store, 0, MLOPS_STR_EMPTY, &verified, &error));
  printf(",\"pending\":%d,\"verified\":%lld", pending, (long long)verified);
}
