/* SPDX-License-Identifier: BSD-3-Clause */
#include "nn/registry.h"

#include "base/err.h"
#include "weir/option.h"

#include <string.h>

/* One architecture, one line. */
#define EVERY(X)                                                               \
    X(convnet)                                                                 \
    X(resnet)                                                                  \
    X(dilresnet)                                                               \
    X(unet)                                                                    \
    X(fno)                                                                     \
    X(mlp)                                                                     \
    X(direct)                                                                  \
    X(pinn)                                                                    \
    X(smart_unet)                                                              \
    X(smart_cnn)                                                               \
    X(modern_unet)                                                             \
    X(scot)

#define DECLARE(name) extern const struct weir_model_ops weir_model_##name;
#define LIST(name)    &weir_model_##name,

EVERY(DECLARE)

static const struct weir_model_ops *const models[] = {EVERY(LIST)};

enum { MODELS = sizeof(models) / sizeof(*models) };

const struct weir_model_ops *weir_model_at(size_t i)
{
    return i < MODELS ? models[i] : NULL;
}

const struct weir_model_ops *weir_model_find(const char *name)
{
    const char *names[MODELS];
    for (size_t i = 0; i < MODELS; i++) {
        if (!strcmp(models[i]->name, name))
            return models[i];
        names[i] = models[i]->name;
    }
    const char *near = weir_nearest_name(name, names, MODELS);
    WEIR_FAIL(EINVAL, "model: no architecture is called '%s'", name);
    if (near)
        weir_err_hint("did you mean '%s'?", near);
    return NULL;
}
