/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_PRETTY_H
#define WEIR_PIPELINE_PRETTY_H

/**
 * @file
 * Numbers as people read them.
 */

/** @p ns in the unit that suits it. @return @p text */
const char *weir_pretty_ns(double ns, char text[32]);

#endif
