/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/clients/stop.h"

void weir_stop_init(struct weir_stop *stop)
{
    atomic_init(&stop->reason, WEIR_STOP_NONE);
    pthread_mutex_init(&stop->lock, NULL);
    stop->error = (struct weir_err_record){0};
}

void weir_stop_destroy(struct weir_stop *stop)
{
    pthread_mutex_destroy(&stop->lock);
}

enum weir_stop_reason weir_stop_reason(const struct weir_stop *stop)
{
    return atomic_load_explicit(&stop->reason, memory_order_acquire); /* X2 */
}

void weir_stop_request(struct weir_stop *stop, enum weir_stop_reason reason)
{
    int now =
        atomic_load_explicit(&stop->reason, memory_order_acquire); /* X2 */
    while (now < (int)reason &&
           !atomic_compare_exchange_weak_explicit(
               &stop->reason, &now, (int)reason, memory_order_acq_rel,
               memory_order_acquire)) /* X1 */
        ;
}

static void keep_error(struct weir_stop *stop)
{
    pthread_mutex_lock(&stop->lock);
    if (stop->error.code == 0)
        weir_err_export(&stop->error);
    pthread_mutex_unlock(&stop->lock);
}

void weir_stop_fail(struct weir_stop *stop)
{
    keep_error(stop);
    weir_stop_request(stop, WEIR_STOP_FAILED);
}

void weir_stop_give_up(struct weir_stop *stop)
{
    keep_error(stop);
    weir_stop_request(stop, WEIR_STOP_CHECKPOINT);
}

bool weir_stop_has_error(struct weir_stop *stop)
{
    pthread_mutex_lock(&stop->lock);
    bool any = stop->error.code != 0;
    pthread_mutex_unlock(&stop->lock);
    return any;
}
