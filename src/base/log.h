/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_BASE_LOG_H
#define WEIR_BASE_LOG_H

/**
 * @file
 * Messages for people, handed to whoever wants them. The library never prints:
 * a program installs a sink before it starts a thread. Areas are room names
 * ("topo", "nn", "checkpoint"); `log` in a config selects areas that also show
 * their debug lines.
 */

enum weir_log_level {
    WEIR_LOG_ERROR,
    WEIR_LOG_WARN,
    WEIR_LOG_INFO,
    WEIR_LOG_DEBUG,
};

/** Called from any thread; @p text has no line end. */
typedef void weir_log_fn(void *ctx, enum weir_log_level level, const char *area,
                         const char *text);

/** Install @p fn (NULL: drop everything). Not while other threads log. */
void weir_log_sink(weir_log_fn *fn, void *ctx);

void weir_log(enum weir_log_level level, const char *area, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#define weir_log_warn(area, ...)  weir_log(WEIR_LOG_WARN, area, __VA_ARGS__)
#define weir_log_info(area, ...)  weir_log(WEIR_LOG_INFO, area, __VA_ARGS__)
#define weir_log_debug(area, ...) weir_log(WEIR_LOG_DEBUG, area, __VA_ARGS__)

#endif
