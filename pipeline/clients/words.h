/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_WORDS_H
#define WEIR_PIPELINE_WORDS_H

/**
 * @file
 * A list of words as one text (WEIR_OPTION_WORDS): parted by blanks; between
 * single quotes everything stands for itself, and '\'' is a quote, as in a
 * shell. Nothing else of a shell is known.
 */

/**
 * Cut @p text into words, in place.
 * @return how many
 * @return -EINVAL a quote is left open
 * @return -E2BIG  more than @p room words
 */
int weir_words_split(char *text, char **word, int room);

#endif
