/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/safetensors.h"

#include "base/err.h"
#include "io/safetensors_seal.h"

#include <cjson/cJSON.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* As the reference loader: a longer head means a damaged length. */
#define LONGEST_HEAD 100000000ull
/* Whole numbers up to here are exact in a double, and so in cJSON. */
#define LARGEST_NUMBER 9007199254740992.0

struct weir_safetensors {
    char *path; /* for messages */
    unsigned char *head;
    size_t head_size; /* the length field included */
    unsigned char *data;
    uint64_t data_bytes;
    cJSON *json;
    struct weir_tensor *tensor;
    size_t n;
    struct weir_text *meta;
    size_t n_meta;
    bool sealed;
};

__attribute__((format(printf, 2, 3))) static int damaged(
    const struct weir_safetensors *f, const char *fmt, ...)
{
    char what[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(what, sizeof(what), fmt, ap);
    va_end(ap);
    return WEIR_FAIL(WEIR_ECORRUPT, "file '%s' is damaged: %s", f->path, what);
}

static int read_exactly(const struct weir_safetensors *f, int fd, void *to,
                        uint64_t n, uint64_t at)
{
    while (n > 0) {
        ssize_t got = pread(fd, to, n, (off_t)at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return WEIR_FAIL(errno, "file '%s'", f->path);
        if (got == 0)
            return damaged(f, "it ends at byte %llu", (unsigned long long)at);
        to = (char *)to + got;
        at += (uint64_t)got;
        n -= (uint64_t)got;
    }
    return 0;
}

static int read_sizes(struct weir_safetensors *f, int fd)
{
    struct stat st;
    uint64_t length;
    if (fstat(fd, &st) < 0)
        return WEIR_FAIL(errno, "file '%s'", f->path);
    uint64_t size = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
    if (size < WEIR_SEAL_LENGTH)
        return damaged(f, "%llu bytes, no room for a header",
                       (unsigned long long)size);
    int rc = read_exactly(f, fd, &length, WEIR_SEAL_LENGTH, 0);
    if (rc < 0)
        return rc;
    if (length >> 48) /* text, or another format: no file is as long */
        return damaged(f, "it does not begin as a safetensors file");
    if (length < 2 || length > LONGEST_HEAD || length > size - WEIR_SEAL_LENGTH)
        return damaged(f, "a header of %llu bytes in a file of %llu",
                       (unsigned long long)length, (unsigned long long)size);
    f->head_size = WEIR_SEAL_LENGTH + length;
    f->data_bytes = size - f->head_size;
    return 0;
}

static int read_all(struct weir_safetensors *f, int fd)
{
    int rc = read_sizes(f, fd);
    if (rc < 0)
        return rc;
    f->head = malloc(f->head_size + 1);
    /* Page-aligned: arrays are then as aligned as their offsets are. */
    if (f->head && posix_memalign((void **)&f->data, WEIR_SAFETENSORS_ALIGN,
                                  f->data_bytes + 1))
        f->data = NULL;
    if (!f->data)
        return WEIR_FAIL(ENOMEM, "file '%s' of %llu bytes", f->path,
                         (unsigned long long)f->data_bytes);
    f->head[f->head_size] = '\0';
    rc = read_exactly(f, fd, f->head, f->head_size, 0);
    if (rc == 0)
        rc = read_exactly(f, fd, f->data, f->data_bytes, f->head_size);
    return rc;
}

static int check_head_seal(struct weir_safetensors *f)
{
    unsigned char digits[WEIR_SEAL_DIGITS];
    f->sealed = weir_seal_is_there(f->head, f->head_size);
    if (!f->sealed)
        return 0;
    weir_seal_digits(weir_seal_head_crc(f->head, f->head_size), digits);
    if (memcmp(digits, f->head + weir_seal_at(0), WEIR_SEAL_DIGITS) != 0)
        return damaged(f, "the header does not match its checksum");
    return 0;
}

static int parse_json(struct weir_safetensors *f)
{
    const char *text = (char *)f->head + WEIR_SEAL_LENGTH;
    const char *end = text;
    if (*text == '{')
        f->json = cJSON_ParseWithLengthOpts(
            text, f->head_size - WEIR_SEAL_LENGTH, &end, false);
    if (!cJSON_IsObject(f->json))
        return damaged(f, "the header is not JSON (byte %td)",
                       end - (char *)f->head);
    size_t left = f->head_size - (size_t)(end - (char *)f->head);
    if (strspn(end, " ") != left)
        return damaged(f, "something follows the JSON in the header");
    return 0;
}

static int take_meta(struct weir_safetensors *f, const cJSON *object)
{
    const cJSON *item;
    if (f->meta || !cJSON_IsObject(object))
        return damaged(f, "__metadata__ is not one object of texts");
    f->meta = calloc((size_t)cJSON_GetArraySize(object) + 1, sizeof(*f->meta));
    if (!f->meta)
        return WEIR_FAIL(ENOMEM, "file '%s'", f->path);
    cJSON_ArrayForEach(item, object)
    {
        if (!cJSON_IsString(item))
            return damaged(f, "metadata '%s' is not a text", item->string);
        f->meta[f->n_meta++] =
            (struct weir_text){item->string, item->valuestring};
    }
    return 0;
}

static bool is_whole(const cJSON *number)
{
    double v = cJSON_IsNumber(number) ? number->valuedouble : -1;
    return v >= 0 && v <= LARGEST_NUMBER && v == (double)(uint64_t)v;
}

static int take_dtype(const struct weir_safetensors *f, struct weir_tensor *t,
                      const cJSON *dtype)
{
    if (!cJSON_IsString(dtype))
        return damaged(f, "tensor '%s' has no dtype", t->name);
    int found = weir_dtype_parse(dtype->valuestring);
    if (found < 0)
        return WEIR_FAIL(ENOTSUP, "file '%s': tensor '%s' has dtype %s",
                         f->path, t->name, dtype->valuestring);
    t->dtype = (enum weir_dtype)found;
    return 0;
}

static int take_shape(const struct weir_safetensors *f, struct weir_tensor *t,
                      const cJSON *shape)
{
    const cJSON *axis;
    uint64_t bytes = weir_dtype_bytes(t->dtype);
    if (!cJSON_IsArray(shape))
        return damaged(f, "tensor '%s' has no shape", t->name);
    cJSON_ArrayForEach(axis, shape)
    {
        if (t->dims == WEIR_TENSOR_DIMS_MAX)
            return WEIR_FAIL(ENOTSUP, "file '%s': tensor '%s' has over %d axes",
                             f->path, t->name, WEIR_TENSOR_DIMS_MAX);
        if (!is_whole(axis))
            return damaged(f, "tensor '%s' has a bad shape", t->name);
        uint64_t length = (uint64_t)axis->valuedouble;
        if (__builtin_mul_overflow(bytes, length, &bytes))
            return damaged(f, "tensor '%s' has an impossible shape", t->name);
        t->shape[t->dims++] = length;
    }
    t->bytes = bytes;
    return 0;
}

static int take_offsets(const struct weir_safetensors *f, struct weir_tensor *t,
                        const cJSON *offsets)
{
    const cJSON *first = cJSON_GetArrayItem(offsets, 0);
    const cJSON *last = cJSON_GetArrayItem(offsets, 1);
    if (cJSON_GetArraySize(offsets) != 2 || !is_whole(first) || !is_whole(last))
        return damaged(f, "tensor '%s' has bad offsets", t->name);
    uint64_t begin = (uint64_t)first->valuedouble;
    uint64_t end = (uint64_t)last->valuedouble;
    if (begin > end || end > f->data_bytes || end - begin != t->bytes)
        return damaged(
            f, "tensor '%s': bytes %llu to %llu of %llu do not fit its shape",
            t->name, (unsigned long long)begin, (unsigned long long)end,
            (unsigned long long)f->data_bytes);
    if (begin % weir_dtype_bytes(t->dtype))
        return WEIR_FAIL(ENOTSUP, "file '%s': tensor '%s' is not aligned",
                         f->path, t->name);
    t->data = f->data + begin;
    return 0;
}

static int take_tensor(struct weir_safetensors *f, const cJSON *entry)
{
    struct weir_tensor *t = f->tensor + f->n;
    size_t length = strlen(entry->string);
    if (length >= sizeof(t->name))
        return WEIR_FAIL(ENOTSUP, "file '%s': a tensor name of %zu bytes",
                         f->path, length);
    memcpy(t->name, entry->string, length);
    if (cJSON_GetArraySize(entry) != 3)
        return damaged(f, "tensor '%s' is not {dtype, shape, data_offsets}",
                       t->name);
    int rc = take_dtype(f, t, cJSON_GetObjectItemCaseSensitive(entry, "dtype"));
    if (rc == 0)
        rc = take_shape(f, t, cJSON_GetObjectItemCaseSensitive(entry, "shape"));
    if (rc == 0)
        rc = take_offsets(
            f, t, cJSON_GetObjectItemCaseSensitive(entry, "data_offsets"));
    f->n++;
    return rc;
}

static int take_entries(struct weir_safetensors *f)
{
    const cJSON *entry;
    int rc = 0;
    f->tensor =
        calloc((size_t)cJSON_GetArraySize(f->json) + 1, sizeof(*f->tensor));
    if (!f->tensor)
        return WEIR_FAIL(ENOMEM, "file '%s'", f->path);
    cJSON_ArrayForEach(entry, f->json)
    {
        rc = strcmp(entry->string, "__metadata__") == 0 ? take_meta(f, entry)
                                                        : take_tensor(f, entry);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int by_place(const void *a, const void *b)
{
    const struct weir_tensor *const *x = a, *const *y = b;
    const char *p = (*x)->data, *q = (*y)->data;
    if (p != q)
        return p < q ? -1 : 1;
    return ((*x)->bytes > (*y)->bytes) - ((*x)->bytes < (*y)->bytes);
}

static int by_name(const void *a, const void *b)
{
    const struct weir_tensor *const *x = a, *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

/* Each tensor begins where the one before it ends, the last ends the file. */
static int check_places(const struct weir_safetensors *f,
                        const struct weir_tensor **sorted)
{
    const unsigned char *expected = f->data;
    qsort(sorted, f->n, sizeof(*sorted), by_place);
    for (size_t i = 0; i < f->n; i++) {
        if (sorted[i]->data != expected)
            return damaged(f, "tensor '%s' leaves a hole or an overlap",
                           sorted[i]->name);
        expected += sorted[i]->bytes;
    }
    if (expected != f->data + f->data_bytes)
        return damaged(f, "%td bytes follow the last tensor",
                       f->data + f->data_bytes - expected);
    return 0;
}

static int check_names(const struct weir_safetensors *f,
                       const struct weir_tensor **sorted)
{
    qsort(sorted, f->n, sizeof(*sorted), by_name);
    for (size_t i = 1; i < f->n; i++)
        if (strcmp(sorted[i - 1]->name, sorted[i]->name) == 0)
            return damaged(f, "tensor '%s' is there twice", sorted[i]->name);
    return 0;
}

static int check_layout(const struct weir_safetensors *f)
{
    const struct weir_tensor **sorted = calloc(f->n + 1, sizeof(*sorted));
    if (!sorted)
        return WEIR_FAIL(ENOMEM, "file '%s'", f->path);
    for (size_t i = 0; i < f->n; i++)
        sorted[i] = f->tensor + i;
    int rc = check_places(f, sorted);
    if (rc == 0)
        rc = check_names(f, sorted);
    free(sorted);
    return rc;
}

static int check_data_seal(const struct weir_safetensors *f)
{
    const char *seal = weir_safetensors_meta(f, WEIR_SEAL_KEY);
    if (!seal || strlen(seal) != (f->n + 1) * WEIR_SEAL_STRIDE - 1)
        return damaged(f, "%zu tensors and another number of checksums", f->n);
    for (size_t i = 0; i < f->n; i++) {
        const struct weir_tensor *t = f->tensor + i;
        unsigned char digits[WEIR_SEAL_DIGITS];
        weir_seal_digits(libdeflate_crc32(0, t->data, t->bytes), digits);
        if (memcmp(digits, f->head + weir_seal_at(1 + i), WEIR_SEAL_DIGITS))
            return damaged(f, "tensor '%s' does not match its checksum",
                           t->name);
    }
    return 0;
}

static int load(struct weir_safetensors *f)
{
    int fd = open(f->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return WEIR_FAIL(errno, "file '%s'", f->path);
    int rc = read_all(f, fd);
    close(fd);
    if (rc == 0)
        rc = check_head_seal(f);
    if (rc == 0)
        rc = parse_json(f);
    if (rc == 0)
        rc = take_entries(f);
    if (rc == 0)
        rc = check_layout(f);
    if (rc == 0 && f->sealed)
        rc = check_data_seal(f);
    return rc;
}

int weir_safetensors_open(const char *path, struct weir_safetensors **out)
{
    struct weir_safetensors *f = calloc(1, sizeof(*f));
    if (f)
        f->path = strdup(path);
    int rc = f && f->path ? load(f) : WEIR_FAIL(ENOMEM, "file '%s'", path);
    if (rc < 0) {
        weir_safetensors_close(f);
        return rc;
    }
    *out = f;
    return 0;
}

void weir_safetensors_close(struct weir_safetensors *file)
{
    if (!file)
        return;
    cJSON_Delete(file->json);
    free(file->path);
    free(file->head);
    free(file->data);
    free(file->tensor);
    free(file->meta);
    free(file);
}

bool weir_safetensors_is_sealed(const struct weir_safetensors *file)
{
    return file->sealed;
}

size_t weir_safetensors_count(const struct weir_safetensors *file)
{
    return file->n;
}

const struct weir_tensor *weir_safetensors_tensor(
    const struct weir_safetensors *file, size_t i)
{
    return i < file->n ? file->tensor + i : NULL;
}

const struct weir_tensor *weir_safetensors_find(
    const struct weir_safetensors *file, const char *name)
{
    for (size_t i = 0; i < file->n; i++)
        if (strcmp(file->tensor[i].name, name) == 0)
            return file->tensor + i;
    return NULL;
}

int weir_safetensors_copy(const struct weir_safetensors *file, const char *name,
                          enum weir_dtype dtype, void *to, size_t bytes)
{
    const struct weir_tensor *t = weir_safetensors_find(file, name);
    if (!t)
        return WEIR_FAIL(ENOENT, "file '%s': tensor '%s'", file->path, name);
    if (t->dtype != dtype || t->bytes != bytes)
        return WEIR_FAIL(EINVAL,
                         "file '%s': tensor '%s' has %zu bytes of %s, "
                         "expected %zu of %s",
                         file->path, name, t->bytes, weir_dtype_name(t->dtype),
                         bytes, weir_dtype_name(dtype));
    if (bytes)
        memcpy(to, t->data, bytes);
    return 0;
}

const char *weir_safetensors_meta(const struct weir_safetensors *file,
                                  const char *key)
{
    for (size_t i = 0; i < file->n_meta; i++)
        if (strcmp(file->meta[i].key, key) == 0)
            return file->meta[i].value;
    return NULL;
}

const struct weir_text *weir_safetensors_meta_at(
    const struct weir_safetensors *file, size_t i)
{
    return i < file->n_meta ? file->meta + i : NULL;
}
