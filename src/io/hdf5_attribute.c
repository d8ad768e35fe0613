/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/hdf5_attribute.h"

#include <stdlib.h>
#include <string.h>

/* Add an attribute of @p n values; n < 0: a single one, not a list. */
static int put(hid_t object, const char *name, hid_t type, int64_t n,
               const void *value)
{
    hsize_t size = n < 0 ? 1 : (hsize_t)n;
    hid_t space =
        n < 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &size, NULL);
    hid_t a = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    herr_t rc = a < 0 ? -1 : n == 0 ? 0 : H5Awrite(a, type, value);
    if (a >= 0)
        H5Aclose(a);
    H5Sclose(space);
    return rc < 0 ? -1 : 0;
}

static hid_t text_type(void)
{
    hid_t type = H5Tcopy(H5T_C_S1);
    if (type >= 0) {
        H5Tset_size(type, H5T_VARIABLE);
        H5Tset_cset(type, H5T_CSET_UTF8);
    }
    return type;
}

hid_t weir_h5_bool_type(void)
{
    int8_t no = 0, yes = 1;
    hid_t type = H5Tenum_create(H5T_STD_I8LE);
    if (type >= 0) {
        H5Tenum_insert(type, "FALSE", &no);
        H5Tenum_insert(type, "TRUE", &yes);
    }
    return type;
}

int weir_h5_put_text(hid_t object, const char *name, const char *value)
{
    hid_t type = text_type();
    int rc = put(object, name, type, -1, &value);
    H5Tclose(type);
    return rc;
}

int weir_h5_put_texts(hid_t object, const char *name, const char *const *value,
                      size_t n)
{
    hid_t type = text_type();
    int rc = put(object, name, type, (int64_t)n, value);
    H5Tclose(type);
    return rc;
}

int weir_h5_put_int(hid_t object, const char *name, int64_t value)
{
    return put(object, name, H5T_STD_I64LE, -1, &value);
}

int weir_h5_put_real(hid_t object, const char *name, double value)
{
    return put(object, name, H5T_IEEE_F64LE, -1, &value);
}

int weir_h5_put_bool(hid_t object, const char *name, bool value)
{
    hid_t type = weir_h5_bool_type();
    int8_t byte = value;
    int rc = put(object, name, type, -1, &byte);
    H5Tclose(type);
    return rc;
}

int weir_h5_put_bools(hid_t object, const char *name, bool value, size_t n)
{
    hid_t type = weir_h5_bool_type();
    int8_t *bytes = malloc(n + 1);
    int rc = -1;
    if (bytes) {
        memset(bytes, value, n + 1);
        rc = put(object, name, type, (int64_t)n, bytes);
    }
    free(bytes);
    H5Tclose(type);
    return rc;
}

/* ---- reading --------------------------------------------------------------- */

/* What texts are read into: pointers, or places of one width. */
struct texts {
    size_t n, width;
    char *bytes, **pointer;
};

static const char *text_at(const struct texts *t, size_t i)
{
    const char *at = t->bytes ? t->bytes + i * t->width : t->pointer[i];
    return at ? at : "";
}

static char *join(const struct texts *t, char between)
{
    size_t bytes = 1;
    for (size_t i = 0; i < t->n; i++)
        bytes += strnlen(text_at(t, i), t->width) + 1;
    char *out = malloc(bytes), *at = out;
    for (size_t i = 0; out && i < t->n; i++) {
        size_t length = strnlen(text_at(t, i), t->width);
        if (i)
            *at++ = between;
        memcpy(at, text_at(t, i), length);
        at += length;
    }
    if (out)
        *at = '\0';
    return out;
}

static char *read_fixed(hid_t a, hid_t type, size_t n, char between)
{
    struct texts t = {.n = n, .width = H5Tget_size(type)};
    char *out = NULL;
    t.bytes = calloc(n + 1, t.width);
    if (t.bytes && (n == 0 || H5Aread(a, type, t.bytes) >= 0))
        out = join(&t, between);
    free(t.bytes);
    return out;
}

static char *read_variable(hid_t a, hid_t type, hid_t space, size_t n,
                           char between)
{
    struct texts t = {.n = n, .width = SIZE_MAX};
    char *out = NULL;
    t.pointer = calloc(n + 1, sizeof(*t.pointer));
    if (t.pointer && (n == 0 || H5Aread(a, type, t.pointer) >= 0)) {
        out = join(&t, between);
        if (n)
            H5Dvlen_reclaim(type, space, H5P_DEFAULT, t.pointer);
    }
    free(t.pointer);
    return out;
}

static hid_t open_attribute(hid_t object, const char *name)
{
    return H5Aexists(object, name) > 0 ? H5Aopen(object, name, H5P_DEFAULT)
                                       : -1;
}

char *weir_h5_get_texts(hid_t object, const char *name, char between)
{
    char *out = NULL;
    hid_t a = open_attribute(object, name);
    if (a < 0)
        return NULL;
    hid_t type = H5Aget_type(a), space = H5Aget_space(a);
    hssize_t n = H5Sget_simple_extent_npoints(space);
    if (H5Tget_class(type) == H5T_STRING && n >= 0)
        out = H5Tis_variable_str(type) > 0
                  ? read_variable(a, type, space, (size_t)n, between)
                  : read_fixed(a, type, (size_t)n, between);
    H5Sclose(space);
    H5Tclose(type);
    H5Aclose(a);
    return out;
}

int weir_h5_get_real(hid_t object, const char *name, double *value)
{
    hid_t a = open_attribute(object, name);
    if (a < 0)
        return -1;
    hid_t type = H5Aget_type(a), space = H5Aget_space(a);
    H5T_class_t class = H5Tget_class(type);
    bool number = (class == H5T_FLOAT || class == H5T_INTEGER) &&
                  H5Sget_simple_extent_npoints(space) == 1;
    herr_t rc = number ? H5Aread(a, H5T_NATIVE_DOUBLE, value) : -1;
    H5Sclose(space);
    H5Tclose(type);
    H5Aclose(a);
    return rc < 0 ? -1 : 0;
}
