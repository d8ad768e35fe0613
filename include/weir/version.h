/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_VERSION_H
#define WEIR_VERSION_H

/**
 * @file
 * Version of the library and of the formats it writes. CMake reads the three
 * numbers from here: this file is their only home.
 */
#define WEIR_VERSION_MAJOR          0
#define WEIR_VERSION_MINOR          1
#define WEIR_VERSION_PATCH          0

#define WEIR_VERSION_TEXT_(a, b, c) #a "." #b "." #c
#define WEIR_VERSION_TEXT(a, b, c)  WEIR_VERSION_TEXT_(a, b, c)
/** "major.minor.patch" */
#define WEIR_VERSION                                                           \
    WEIR_VERSION_TEXT(WEIR_VERSION_MAJOR, WEIR_VERSION_MINOR,                  \
                      WEIR_VERSION_PATCH)

/** Format of run.h5; a reader refuses a newer one. */
#define WEIR_RUNFILE_FORMAT 1
/** Format of a data set of trajectories; a reader refuses a newer one. */
#define WEIR_DATASET_FORMAT 1
/** Format of a checkpoint's metadata; a reader refuses a newer one. */
#define WEIR_CHECKPOINT_FORMAT 3

#endif
