/* SPDX-License-Identifier: BSD-3-Clause */
#include "nn/registry.h"

#include "base/err.h"
#include "weir/option.h"

#include <string.h>

extern const struct weir_model_ops weir_model_convnet, weir_model_resnet,
    weir_model_dilresnet, weir_model_unet, weir_model_fno, weir_model_mlp,
    weir_model_direct, weir_model_smart_unet, weir_model_smart_cnn;

static const struct weir_model_ops *const models[] = {
    &weir_model_convnet, &weir_model_resnet,     &weir_model_dilresnet,
    &weir_model_unet,    &weir_model_fno,        &weir_model_mlp,
    &weir_model_direct,  &weir_model_smart_unet, &weir_model_smart_cnn,
};

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
