/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/hdf5.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A SWMR reader that finds a bad checksum waits for the writer and looks again,
 * 1 ns, then 2, 4, ... By default 100 times, which is for ever; this is 0.3 s. */
#define READ_ATTEMPTS 28

hid_t weir_h5_type(enum weir_dtype dtype)
{
    switch (dtype) {
    case WEIR_F32:
        return H5T_IEEE_F32LE;
    case WEIR_F64:
        return H5T_IEEE_F64LE;
    case WEIR_I32:
        return H5T_STD_I32LE;
    case WEIR_I64:
        return H5T_STD_I64LE;
    case WEIR_U8:
        return H5T_STD_U8LE;
    case WEIR_U32:
        return H5T_STD_U32LE;
    case WEIR_U64:
        return H5T_STD_U64LE;
    }
    return -1;
}

int weir_h5_dtype(hid_t type)
{
    static const enum weir_dtype all[] = {
        WEIR_F32, WEIR_F64, WEIR_I32, WEIR_I64, WEIR_U8, WEIR_U32, WEIR_U64};
    for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
        if (H5Tequal(type, weir_h5_type(all[i])) > 0)
            return (int)all[i];
    return -ENOTSUP;
}

struct reason {
    char *text;
    size_t n;
    int error;
};

static herr_t look_at(unsigned depth, const H5E_error2_t *e, void *ctx)
{
    struct reason *r = ctx;
    (void)depth;
    const char *desc = e->desc ? e->desc : "";
    const char *number = strstr(desc, "errno = ");
    if (r->text && r->n && !r->text[0])
        snprintf(r->text, r->n, "%s", desc);
    if (number && !r->error)
        r->error = atoi(number + strlen("errno = "));
    return 0;
}

int weir_h5_errno(void)
{
    struct reason r = {0};
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, look_at, &r);
    return r.error > 0 ? r.error : EIO;
}

void weir_h5_reason(char *out, size_t n)
{
    struct reason r = {out, n, 0};
    out[0] = '\0';
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, look_at, &r);
}

hid_t weir_h5_access(void)
{
    hid_t p = H5Pcreate(H5P_FILE_ACCESS);
    if (p < 0)
        return p;
    if (H5Pset_libver_bounds(p, H5F_LIBVER_V110, H5F_LIBVER_V110) < 0 ||
        H5Pset_metadata_read_attempts(p, READ_ATTEMPTS) < 0) {
        H5Pclose(p);
        return -1;
    }
#if H5_VERSION_GE(1, 10, 7)
    H5Pset_file_locking(p, true, true);
#endif
    return p;
}

/* A thread that holds it may take it again. */
static pthread_mutex_t all_of_hdf5 = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;

void weir_h5_lock(void)
{
    pthread_mutex_lock(&all_of_hdf5);
}

void weir_h5_unlock(void)
{
    pthread_mutex_unlock(&all_of_hdf5);
}

static hid_t text_type(size_t n)
{
    hid_t type = H5Tcopy(H5T_C_S1);
    if (type >= 0) {
        H5Tset_size(type, n ? n : 1);
        H5Tset_strpad(type, H5T_STR_NULLPAD);
        H5Tset_cset(type, H5T_CSET_UTF8);
    }
    return type;
}

int weir_h5_write_text(hid_t object, const char *name, const char *value)
{
    hid_t type = text_type(strlen(value));
    hid_t space = H5Screate(H5S_SCALAR);
    hid_t a = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    int rc = a >= 0 && H5Awrite(a, type, value) >= 0 ? 0 : -1;
    if (a >= 0)
        H5Aclose(a);
    H5Sclose(space);
    H5Tclose(type);
    return rc;
}

char *weir_h5_read_text(hid_t object, const char *name)
{
    char *text = NULL;
    hid_t a =
        H5Aexists(object, name) > 0 ? H5Aopen(object, name, H5P_DEFAULT) : -1;
    if (a < 0)
        return NULL;
    hid_t type = H5Aget_type(a);
    if (H5Tget_class(type) == H5T_STRING && !H5Tis_variable_str(type)) {
        text = calloc(H5Tget_size(type) + 1, 1);
        if (text && H5Aread(a, type, text) < 0) {
            free(text);
            text = NULL;
        }
    }
    H5Tclose(type);
    H5Aclose(a);
    return text;
}
