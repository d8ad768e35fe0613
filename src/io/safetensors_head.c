/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/safetensors.h"

#include "base/err.h"
#include "io/safetensors_seal.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

/* cJSON prints whole numbers below this one without an exponent. */
#define LARGEST_OFFSET 999999999999999ull

/* 0 when the product does not fit. */
static bool product(const struct weir_tensor *t, uint64_t *bytes)
{
    *bytes = weir_dtype_bytes(t->dtype);
    for (int d = 0; d < t->dims; d++)
        if (__builtin_mul_overflow(*bytes, t->shape[d], bytes))
            return false;
    return *bytes <= LARGEST_OFFSET;
}

int weir_tensor_init(struct weir_tensor *t, const char *name,
                     enum weir_dtype dtype, int dims, const uint64_t *shape,
                     const void *data)
{
    uint64_t bytes;
    size_t length = strlen(name);
    if (length == 0 || length >= sizeof(t->name))
        return WEIR_FAIL(EINVAL,
                         "tensor name '%s' has %zu bytes, expected 1 to %zu",
                         name, length, sizeof(t->name) - 1);
    if (dims < 0 || dims > WEIR_TENSOR_DIMS_MAX)
        return WEIR_FAIL(EINVAL, "tensor '%s' has %d axes, expected 0 to %d",
                         name, dims, WEIR_TENSOR_DIMS_MAX);
    *t = (struct weir_tensor){.dtype = dtype, .dims = dims, .data = data};
    memcpy(t->name, name, length);
    for (int d = 0; d < dims; d++)
        t->shape[d] = shape[d];
    if (!product(t, &bytes))
        return WEIR_FAIL(EINVAL, "tensor '%s' is too large", name);
    t->bytes = bytes;
    return 0;
}

int weir_tensor_vector(struct weir_tensor *t, const char *name,
                       enum weir_dtype dtype, uint64_t n, const void *data)
{
    return weir_tensor_init(t, name, dtype, 1, &n, data);
}

static bool is_plain(const char *name)
{
    for (; *name; name++)
        if (*name < ' ' || *name > '~')
            return false;
    return true;
}

static int check_tensor(const struct weir_tensor *t)
{
    uint64_t bytes;
    if (!t->name[0] || !is_plain(t->name) ||
        strcmp(t->name, "__metadata__") == 0)
        return WEIR_FAIL(EINVAL, "tensor name '%s' cannot be stored", t->name);
    if (!product(t, &bytes) || bytes != t->bytes)
        return WEIR_FAIL(EINVAL,
                         "tensor '%s' has %zu bytes, which is not its shape",
                         t->name, t->bytes);
    return 0;
}

static int by_name(const void *a, const void *b)
{
    const struct weir_tensor *const *x = a, *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

static int check_tensors(const struct weir_tensor *tensor, size_t n)
{
    int rc = 0;
    const struct weir_tensor **sorted = calloc(n + 1, sizeof(*sorted));
    if (!sorted)
        return WEIR_FAIL(ENOMEM, "checkpoint of %zu tensors", n);
    for (size_t i = 0; i < n && rc == 0; i++) {
        sorted[i] = tensor + i;
        rc = check_tensor(tensor + i);
    }
    if (rc == 0)
        qsort(sorted, n, sizeof(*sorted), by_name);
    for (size_t i = 1; i < n && rc == 0; i++)
        if (strcmp(sorted[i - 1]->name, sorted[i]->name) == 0)
            rc = WEIR_FAIL(EINVAL, "tensor '%s' is given twice",
                           sorted[i]->name);
    free(sorted);
    return rc;
}

static int check_meta(const struct weir_text *meta, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!is_plain(meta[i].key) || strcmp(meta[i].key, WEIR_SEAL_KEY) == 0)
            return WEIR_FAIL(EINVAL, "metadata key '%s' cannot be stored",
                             meta[i].key);
        for (size_t k = 0; k < i; k++)
            if (strcmp(meta[i].key, meta[k].key) == 0)
                return WEIR_FAIL(EINVAL, "metadata key '%s' is given twice",
                                 meta[i].key);
    }
    return 0;
}

/* Wide elements first, otherwise as given: every offset is then a multiple of
 * its element's size without any hole. */
static void choose_order(const struct weir_tensor *tensor, size_t n,
                         size_t *order)
{
    size_t at = 0;
    for (size_t width = 8; width > 0; width /= 2)
        for (size_t i = 0; i < n; i++)
            if (weir_dtype_bytes(tensor[i].dtype) == width)
                order[at++] = i;
}

/* Length of the UTF-8 sequence at @p s, 0 if it is none. Overlong forms and
 * surrogates are none: a Python reader refuses them. */
static int utf8_length(const unsigned char *s)
{
    uint32_t code;
    int n = s[0] < 0x80 ? 1 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    if (n == 1)
        return 1;
    if (s[0] < 0xc2 || s[0] > 0xf4)
        return 0;
    code = s[0] & (0x7fu >> n);
    for (int i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (s[i] & 0x3f);
    }
    if (code < (n == 4   ? 0x10000u
                : n == 3 ? 0x800u
                         : 0x80u) ||
        code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
        return 0;
    return n;
}

/* A copy with '?' for every byte JSON could not carry: a path in a config may
 * be in any encoding, and must not cost the user a checkpoint. */
static char *clean_text(const char *text)
{
    char *copy = strdup(text);
    for (char *s = copy; s && *s;) {
        int n = utf8_length((unsigned char *)s);
        if (n == 0)
            *s = '?';
        s += n ? n : 1;
    }
    return copy;
}

static bool add_text(cJSON *object, const struct weir_text *text)
{
    char *value = clean_text(text->value);
    bool done = value && cJSON_AddStringToObject(object, text->key, value);
    free(value);
    return done;
}

/* "00000000 00000000 ...": one per checksum. */
static bool add_seal(cJSON *object, size_t n)
{
    char *digits = malloc(n * WEIR_SEAL_STRIDE);
    bool done = false;
    if (digits) {
        memset(digits, '0', n * WEIR_SEAL_STRIDE);
        for (size_t i = 1; i <= n; i++)
            digits[i * WEIR_SEAL_STRIDE - 1] = i < n ? ' ' : '\0';
        done = cJSON_AddStringToObject(object, WEIR_SEAL_KEY, digits);
    }
    free(digits);
    return done;
}

static bool add_number(cJSON *array, uint64_t value)
{
    return cJSON_AddItemToArray(array, cJSON_CreateNumber((double)value));
}

static bool add_tensor(cJSON *root, const struct weir_tensor *t, uint64_t begin)
{
    cJSON *entry = cJSON_AddObjectToObject(root, t->name);
    if (!entry ||
        !cJSON_AddStringToObject(entry, "dtype", weir_dtype_name(t->dtype)))
        return false;
    cJSON *shape = cJSON_AddArrayToObject(entry, "shape");
    cJSON *offsets = cJSON_AddArrayToObject(entry, "data_offsets");
    if (!shape || !offsets)
        return false;
    for (int d = 0; d < t->dims; d++)
        if (!add_number(shape, t->shape[d]))
            return false;
    return add_number(offsets, begin) && add_number(offsets, begin + t->bytes);
}

static char *print_json(const struct weir_tensor *tensor,
                        const struct weir_safetensors_head *h,
                        const struct weir_text *meta, size_t n_meta)
{
    cJSON *root = cJSON_CreateObject();
    cJSON *object = cJSON_AddObjectToObject(root, "__metadata__");
    bool done = object && add_seal(object, h->n + 1);
    uint64_t at = 0;
    for (size_t i = 0; done && i < n_meta; i++)
        done = add_text(object, meta + i);
    for (size_t i = 0; done && i < h->n; i++) {
        done = add_tensor(root, tensor + h->order[i], at);
        at += tensor[h->order[i]].bytes;
    }
    char *text = done ? cJSON_PrintUnformatted(root) : NULL;
    cJSON_Delete(root);
    return text;
}

/* Length, JSON, spaces up to the alignment. */
static int frame_json(const char *json, struct weir_safetensors_head *h)
{
    size_t length = strlen(json);
    h->size = (WEIR_SEAL_LENGTH + length + WEIR_SAFETENSORS_ALIGN - 1) /
              WEIR_SAFETENSORS_ALIGN * WEIR_SAFETENSORS_ALIGN;
    h->bytes = aligned_alloc(WEIR_SAFETENSORS_ALIGN, h->size);
    if (!h->bytes)
        return -ENOMEM;
    uint64_t stated = h->size - WEIR_SEAL_LENGTH;
    memcpy(h->bytes, &stated, WEIR_SEAL_LENGTH);
    memcpy(h->bytes + WEIR_SEAL_LENGTH, json, length);
    memset(h->bytes + WEIR_SEAL_LENGTH + length, ' ', stated - length);
    return 0;
}

int weir_safetensors_head_build(const struct weir_tensor *tensor, size_t n,
                                const struct weir_text *meta, size_t n_meta,
                                struct weir_safetensors_head *out)
{
    *out = (struct weir_safetensors_head){.n = n};
    int rc = check_tensors(tensor, n);
    if (rc == 0)
        rc = check_meta(meta, n_meta);
    for (size_t i = 0; i < n && rc == 0; i++) {
        out->data_bytes += tensor[i].bytes;
        if (out->data_bytes > LARGEST_OFFSET)
            rc = WEIR_FAIL(EINVAL, "tensors are too large for one file");
    }
    if (rc < 0)
        return rc;
    out->order = calloc(n + 1, sizeof(*out->order));
    if (out->order)
        choose_order(tensor, n, out->order);
    char *json = out->order ? print_json(tensor, out, meta, n_meta) : NULL;
    rc = json ? frame_json(json, out) : -ENOMEM;
    cJSON_free(json);
    if (rc < 0) {
        weir_safetensors_head_free(out);
        return WEIR_FAIL(ENOMEM, "head of a file of %zu tensors", n);
    }
    return 0;
}

void weir_safetensors_head_seal(struct weir_safetensors_head *head,
                                const uint32_t *crc)
{
    for (size_t i = 0; i < head->n; i++)
        weir_seal_digits(crc[i], head->bytes + weir_seal_at(1 + i));
    weir_seal_digits(weir_seal_head_crc(head->bytes, head->size),
                     head->bytes + weir_seal_at(0));
}

void weir_safetensors_head_free(struct weir_safetensors_head *head)
{
    free(head->bytes);
    free(head->order);
    *head = (struct weir_safetensors_head){0};
}
