/* Calls as lines: fields with tabs between them. And what is printed of answers. */

#include "runner.h"

static void unescape(char *text) {
  char *to = text;
  for (char *from = text; *from != '\0'; from++, to++) {
    if (*from == '\\') {
      from++;
      *to = *from == 't' ? '\t' : *from == 'n' ? '\n' : *from;
    } else {
      *to = *from;
    }
  }
  *to = '\0';
}

struct call split(char *line) {
  struct call call = {0};
  char *all[FIELDS + 2];
  int count = 0;
  line[strcspn(line, "\n")] = '\0';
  for (char *at = line; at != NULL && count < FIELDS + 2;) {
    char *end = strchr(at, '\t');
    if (end != NULL) *end++ = '\0';
    unescape(at);
    all[count++] = at;
    at = end;
  }
  CHECK(count >= 2);
  call.name = all[0];
  call.fails = all[1];
  call.count = count - 2;
  memcpy(call.fields, all + 2, sizeof(char *) * (size_t)call.count);
  return call;
}

mlops_bytes unhex(const char *hex) {
  static unsigned char bytes[4096];
  size_t length = strlen(hex) / 2;
  for (size_t i = 0; i < length; i++) {
    unsigned int byte = 0;
    CHECK(sscanf(hex + 2 * i, "%2x", &byte) == 1);
    bytes[i] = (unsigned char)byte;
  }
  return (mlops_bytes){bytes, length};
}

size_t tags_of(char **fields, int count, mlops_tag *tags) {
  for (int i = 0; i < count / 2; i++) tags[i] = (mlops_tag){mlops_cstr(fields[2 * i]), mlops_cstr(fields[2 * i + 1])};
  return (size_t)count / 2;
}

void text(mlops_str str) {
  putchar('"');
  for (size_t i = 0; i < str.len; i++) {
    unsigned char c = (unsigned char)str.ptr[i];
    if (c == '"' || c == '\\') {
      printf("\\%c", c);
    } else if (c < 0x20) {
      printf("\\u%04x", c);
    } else {
      putchar(c);
    }
  }
  putchar('"');
}

void tag(mlops_tag tag, size_t i) {
  printf("%s", i == 0 ? "" : ",");
  text(tag.key);
  putchar(':');
  text(tag.value);
}

void print(mlops_buf *buf) {
  printf("%s", buf->data);
  mlops_buf_free(buf);
}
