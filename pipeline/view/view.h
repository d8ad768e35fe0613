/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_VIEW_H
#define WEIR_PIPELINE_VIEW_H

/**
 * @file
 * What a person sees while a run goes on. On a terminal, one line redrawn once
 * a second:
 *
 *   step 1240/4000 | loss 3.1e-03 | val 1.2e-02 | 1.9k samples/s | sims 123/400
 *   | pool 1800 new 3 | gen 4 | wait 2% | SSFS | ckpt 12 s ago | eta 0:31
 *
 * The letters are the lanes: S solving, F waiting for a slot, I idle, . over.
 * Elsewhere, one line per interval of key=value pairs, beginning with
 * "progress".
 */
#include "pipeline/session/session.h"

struct weir_view {
    bool is_terminal, drawn;
    int64_t last_ns;
    int64_t last_step;
    double rate; /* gradient steps per second, smoothed */
    double batch;
};

void weir_view_start(struct weir_view *view, const struct weir_session *s);
/** Seconds between two calls of weir_view_show. */
double weir_view_period(const struct weir_view *view,
                        const struct weir_config *cfg);
/** Draw; a weir_session_watch_fn whose ctx is the view. */
void weir_view_show(void *view, const struct weir_session *s);
/** Clear the line, so that ordinary text can follow. */
void weir_view_clear(struct weir_view *view);

#endif
