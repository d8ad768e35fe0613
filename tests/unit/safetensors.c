/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/scratch.h"

#include "io/safetensors.h"

#include <fcntl.h>

static char dir[PATH_MAX], path[PATH_MAX + 16];

/* A file as text: JSON and data of our own making, for the reader's checks. */
static void make(const char *json, const void *data, size_t n)
{
    unsigned char bytes[4096];
    uint64_t length = strlen(json);
    memcpy(bytes, &length, 8);
    memcpy(bytes + 8, json, length);
    memcpy(bytes + 8 + length, data, n);
    scratch_write(path, bytes, 8 + length + n);
}

static int open_made(const char *json, const void *data, size_t n)
{
    struct weir_safetensors *f = NULL;
    make(json, data, n);
    int rc = weir_safetensors_open(path, &f);
    if (rc == 0)
        weir_safetensors_close(f);
    return rc;
}

/* CRC-32 by its definition: polynomial 0x04c11db7 reflected, all ones before and
 * after (ITU-T V.42). */
static uint32_t crc32_bitwise(const unsigned char *p, size_t n)
{
    uint32_t crc = ~0u;
    for (size_t i = 0; i < n; i++) {
        crc ^= p[i];
        for (int k = 0; k < 8; k++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}

/* Write head and data as the checkpoint writer does. */
static size_t save(const struct weir_tensor *t, size_t n,
                   const struct weir_text *meta, size_t n_meta)
{
    struct weir_safetensors_head h;
    uint32_t crc[16];
    ok(weir_safetensors_head_build(t, n, meta, n_meta, &h));
    for (size_t i = 0; i < n; i++) {
        const struct weir_tensor *from = t + h.order[i];
        crc[i] = crc32_bitwise(from->data, from->bytes);
    }
    weir_safetensors_head_seal(&h, crc);
    FILE *f = fopen(path, "wb");
    fwrite(h.bytes, 1, h.size, f);
    for (size_t i = 0; i < n; i++)
        if (t[h.order[i]].bytes)
            fwrite(t[h.order[i]].data, 1, t[h.order[i]].bytes, f);
    fclose(f);
    size_t size = h.size + h.data_bytes;
    assert_int_equal(h.size % 4096, 0);
    weir_safetensors_head_free(&h);
    return size;
}

static void what_is_written_is_read_back(void **state)
{
    (void)state;
    struct weir_safetensors *f;
    struct weir_tensor t[5];
    uint8_t odd[3] = {1, 2, 250};
    float w[2][3] = {{1, -2, 3.5f}, {0, 1e-30f, 1e30f}};
    double scalar = 0.1;
    uint64_t big[2] = {UINT64_MAX, 1};
    ok(weir_tensor_vector(t, "odd", WEIR_U8, 3, odd));
    ok(weir_tensor_init(t + 1, "net.0.weight", WEIR_F32, 2, (uint64_t[]){2, 3},
                        w));
    ok(weir_tensor_init(t + 2, "lr", WEIR_F64, 0, NULL, &scalar));
    ok(weir_tensor_vector(t + 3, "none", WEIR_I32, 0, NULL));
    ok(weir_tensor_vector(t + 4, "big \"quoted\"", WEIR_U64, 2, big));
    struct weir_text meta[] = {{"config", "a: 1\nb: \"x\"\t\xc3\xa9\n"},
                               {"path", "/tmp/\xff\xc3/\xed\xa0\x80 ok"}};
    save(t, 5, meta, 2);
    ok(weir_safetensors_open(path, &f));
    assert_true(weir_safetensors_is_sealed(f));
    assert_int_equal(weir_safetensors_count(f), 5);
    for (int i = 0; i < 5; i++) {
        const struct weir_tensor *r = weir_safetensors_find(f, t[i].name);
        assert_non_null(r);
        assert_int_equal(r->dtype, t[i].dtype);
        assert_int_equal(r->dims, t[i].dims);
        assert_int_equal(r->bytes, t[i].bytes);
        assert_memory_equal(r->shape, t[i].shape, sizeof(r->shape));
        if (r->bytes)
            assert_memory_equal(r->data, t[i].data, r->bytes);
        assert_int_equal((uintptr_t)r->data % weir_dtype_bytes(r->dtype), 0);
    }
    assert_string_equal(weir_safetensors_meta(f, "config"), meta[0].value);
    assert_string_equal(weir_safetensors_meta(f, "path"), "/tmp/?"
                                                          "?/??? ok");
    assert_null(weir_safetensors_meta(f, "nothing"));
    double back;
    ok(weir_safetensors_copy(f, "lr", WEIR_F64, &back, sizeof(back)));
    assert_true(back == 0.1);
    fails(weir_safetensors_copy(f, "rl", WEIR_F64, &back, 8), -ENOENT);
    fails(weir_safetensors_copy(f, "lr", WEIR_I64, &back, 8), -EINVAL);
    says("'lr'");
    fails(weir_safetensors_copy(f, "lr", WEIR_F64, &back, 4), -EINVAL);
    weir_safetensors_close(f);
}

static void an_empty_file_is_a_file(void **state)
{
    (void)state;
    struct weir_safetensors *f;
    save(NULL, 0, NULL, 0);
    ok(weir_safetensors_open(path, &f));
    assert_int_equal(weir_safetensors_count(f), 0);
    weir_safetensors_close(f);
}

/* Files as other programs write them; the second is the format page's case of
 * two tensors that are not listed in the order of their data. */
static void files_of_others_are_read(void **state)
{
    (void)state;
    struct weir_safetensors *f;
    float data[4] = {1, 2, 3, 4}, got[2];
    ok(open_made("{}", "", 0));
    ok(open_made("{\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":"
                 "[8,16]},\"a\":{\"dtype\":\"F32\",\"shape\":[1,2],"
                 "\"data_offsets\":[0,8]}}   ",
                 data, 16));
    ok(weir_safetensors_open(path, &f));
    assert_false(weir_safetensors_is_sealed(f));
    ok(weir_safetensors_copy(f, "b", WEIR_F32, got, 8));
    assert_true(got[0] == 3 && got[1] == 4);
    weir_safetensors_close(f);
}

#define A "\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}"

static void malformed_files_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        size_t data;
        int code;
    } bad[] = {
        {"", 0, WEIR_ECORRUPT},
        {"[]", 0, WEIR_ECORRUPT},
        {" {}", 0, WEIR_ECORRUPT},
        {"{" A, 8, WEIR_ECORRUPT},
        {"{" A "}x", 8, WEIR_ECORRUPT},
        {"{" A "}\n", 8, WEIR_ECORRUPT},
        {"{" A "}", 7, WEIR_ECORRUPT},       /* truncated */
        {"{" A "}", 9, WEIR_ECORRUPT},       /* trailing */
        {"{" A "," A "}", 8, WEIR_ECORRUPT}, /* twice, same place */
        {"{\"a\":3}", 0, WEIR_ECORRUPT},
        {"{\"a\":{}}", 0, WEIR_ECORRUPT},
        {"{\"__metadata__\":{\"k\":1}}", 0, WEIR_ECORRUPT},
        {"{\"__metadata__\":[]}", 0, WEIR_ECORRUPT},
        {"{\"__metadata__\":{},\"__metadata__\":{}}", 0, WEIR_ECORRUPT},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}",
         12, WEIR_ECORRUPT}, /* hole */
        {"{" A ",\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":"
         "[4,12]}}",
         12, WEIR_ECORRUPT}, /* overlap */
        {"{" A ",\"a\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":"
         "[8,8]}}",
         8, WEIR_ECORRUPT}, /* one name twice */
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}", 8,
         WEIR_ECORRUPT},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}", 8,
         WEIR_ECORRUPT},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1.5],\"data_offsets\":[0,6]}}",
         6, WEIR_ECORRUPT},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],"
         "\"data_offsets\":[0,0]}}",
         0, WEIR_ECORRUPT},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}", 8,
         WEIR_ECORRUPT},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0]}}", 8,
         WEIR_ECORRUPT},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,1e300]}}",
         8, WEIR_ECORRUPT},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":2,\"data_offsets\":[0,8]}}", 8,
         WEIR_ECORRUPT},
        {"{\"a\":{\"dtype\":7,\"shape\":[2],\"data_offsets\":[0,8]}}", 8,
         WEIR_ECORRUPT},
        {"{\"a\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4,
         ENOTSUP},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1,1,1,1,1,1],\"data_offsets\":"
         "[0,1]}}",
         1, ENOTSUP},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},"
         "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[2,6]}}",
         6, ENOTSUP}, /* misaligned */
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        int rc = open_made(bad[i].json, "0123456789abcdef", bad[i].data);
        if (rc != -bad[i].code)
            fail_msg("%s: %d: %s", bad[i].json, rc, weir_err_message());
        assert_non_null(strstr(weir_err_message(), path));
    }
    open_made("{\"net.3.bias\":{\"dtype\":\"F32\",\"shape\":[3],"
              "\"data_offsets\":[0,8]}}",
              "01234567", 8);
    says("net.3.bias");
}

static void lengths_that_cannot_be_are_refused(void **state)
{
    (void)state;
    struct weir_safetensors *f;
    fails(weir_safetensors_open("/nonexistent/x", &f), -ENOENT);
    scratch_write(path, "", 0);
    fails(weir_safetensors_open(path, &f), -WEIR_ECORRUPT);
    scratch_write(path, "\2\0\0", 3);
    fails(weir_safetensors_open(path, &f), -WEIR_ECORRUPT);
    scratch_write(path, "\3\0\0\0\0\0\0\0{}", 10);
    fails(weir_safetensors_open(path, &f), -WEIR_ECORRUPT);
    scratch_write(path, "\377\377\377\377\377\377\377\377{}", 10);
    fails(weir_safetensors_open(path, &f), -WEIR_ECORRUPT);
}

static void the_head_builder_refuses_what_cannot_be_stored(void **state)
{
    (void)state;
    struct weir_safetensors_head h;
    struct weir_tensor t[2];
    float x[2] = {0};
    char longest[WEIR_TENSOR_NAME_MAX + 1];
    memset(longest, 'n', sizeof(longest));
    longest[sizeof(longest) - 1] = '\0';
    fails(weir_tensor_vector(t, "", WEIR_F32, 2, x), -EINVAL);
    fails(weir_tensor_vector(t, longest, WEIR_F32, 2, x), -EINVAL);
    fails(weir_tensor_init(t, "a", WEIR_F32, 6, (uint64_t[6]){0}, x), -EINVAL);
    fails(weir_tensor_init(t, "a", WEIR_F32, 2,
                           (uint64_t[]){UINT64_MAX, UINT64_MAX}, x),
          -EINVAL);
    ok(weir_tensor_vector(t, "a", WEIR_F32, 2, x));
    ok(weir_tensor_vector(t + 1, "a", WEIR_F32, 2, x));
    fails(weir_safetensors_head_build(t, 2, NULL, 0, &h), -EINVAL);
    says("'a'");
    ok(weir_tensor_vector(t + 1, "__metadata__", WEIR_F32, 2, x));
    fails(weir_safetensors_head_build(t, 2, NULL, 0, &h), -EINVAL);
    t->bytes = 4;
    fails(weir_safetensors_head_build(t, 1, NULL, 0, &h), -EINVAL);
    struct weir_text reserved = {"weir.crc32", "0"};
    fails(weir_safetensors_head_build(NULL, 0, &reserved, 1, &h), -EINVAL);
    struct weir_text twice[] = {{"k", "0"}, {"k", "1"}};
    fails(weir_safetensors_head_build(NULL, 0, twice, 2, &h), -EINVAL);
}

static void flip(int fd, unsigned char byte, size_t bit)
{
    byte ^= (unsigned char)(1u << bit % 8);
    assert_int_equal(pwrite(fd, &byte, 1, (off_t)(bit / 8)), 1);
}

/* Every bit of a small file (of the padding, one bit a byte), and the message
 * names the tensor. */
static void every_flipped_bit_is_noticed(void **state)
{
    (void)state;
    struct weir_safetensors *f;
    struct weir_tensor t[2];
    float x[20] = {1, 2, 3};
    uint8_t y[5] = {4};
    ok(weir_tensor_vector(t, "x", WEIR_F32, 20, x));
    ok(weir_tensor_vector(t + 1, "moments", WEIR_U8, 5, y));
    struct weir_text meta = {"seed", "7"};
    save(t, 2, &meta, 1);
    size_t n, data = 4096;
    unsigned char *bytes = scratch_read(path, &n);
    int fd = open(path, O_RDWR);
    for (size_t bit = 0; bit < 8 * n; bit++) {
        size_t at = bit / 8;
        if (bytes[at] == ' ' && at > 512 && bit % 8 != at % 8)
            continue;
        flip(fd, bytes[at], bit);
        int rc = weir_safetensors_open(path, &f);
        /* A flip in the name of the seal itself leaves a well-formed file
         * without one; io/checkpoint_dir.h refuses those. */
        if (rc == 0) {
            assert_false(weir_safetensors_is_sealed(f));
            assert_true(at < 40);
            weir_safetensors_close(f);
        } else {
            assert_int_equal(rc, -WEIR_ECORRUPT);
        }
        if (at >= data)
            says(at >= data + 80 ? "'moments'" : "'x'");
        assert_int_equal(pwrite(fd, bytes + at, 1, (off_t)at), 1);
    }
    ok(weir_safetensors_open(path, &f));
    weir_safetensors_close(f);
    close(fd);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(an_empty_file_is_a_file),
        cmocka_unit_test(files_of_others_are_read),
        cmocka_unit_test(malformed_files_are_refused),
        cmocka_unit_test(lengths_that_cannot_be_are_refused),
        cmocka_unit_test(the_head_builder_refuses_what_cannot_be_stored),
        cmocka_unit_test(every_flipped_bit_is_noticed),
    };
    scratch_make(dir);
    snprintf(path, sizeof(path), "%s/t.safetensors", dir);
    int failed = RUN(cases);
    scratch_remove(dir);
    return failed;
}
