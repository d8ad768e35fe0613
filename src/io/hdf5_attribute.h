/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_IO_HDF5_ATTRIBUTE_H
#define WEIR_IO_HDF5_ATTRIBUTE_H

/**
 * @file
 * Attributes as h5py writes and reads them: texts of variable length (h5py
 * gives those back as str, texts of fixed length as bytes), booleans as the
 * enumeration {FALSE, TRUE}. Private to src/io.
 *
 * The put functions add an attribute to @p object and return 0, or -1 with
 * HDF5's stack filled, also when @p object is no object: results can be joined
 * by | and looked at once.
 */
#include <hdf5.h>
#include <stdbool.h>
#include <stdint.h>

int weir_h5_put_text(hid_t object, const char *name, const char *value);
/** A list of @p n texts; 0 gives an empty list, not a missing one. */
int weir_h5_put_texts(hid_t object, const char *name, const char *const *value,
                      size_t n);
int weir_h5_put_int(hid_t object, const char *name, int64_t value);
int weir_h5_put_real(hid_t object, const char *name, double value);
int weir_h5_put_bool(hid_t object, const char *name, bool value);
/** @p n times the same boolean, as a list. */
int weir_h5_put_bools(hid_t object, const char *name, bool value, size_t n);

/** The type of a boolean, to close with H5Tclose(). */
hid_t weir_h5_bool_type(void);

/**
 * A text attribute, or a list of texts with @p between put between them, of
 * fixed or variable length; malloc'ed. NULL: no such attribute, or not texts.
 */
char *weir_h5_get_texts(hid_t object, const char *name, char between);
/** A number attribute. @return 0, or < 0: no such attribute, or no number */
int weir_h5_get_real(hid_t object, const char *name, double *value);

#endif
