/* SPDX-License-Identifier: BSD-3-Clause */
#include "nn/model.h"

#include "base/err.h"
#include "base/heap.h"
#include "base/rng.h"
#include "nn/evidence.h"
#include "nn/layer.h"
#include "nn/model_impl.h"

#include <stdlib.h>
#include <string.h>

static int create(const struct weir_model_ops *ops,
                  const struct weir_options *opts, struct weir_model_io io,
                  struct weir_model **out)
{
    struct weir_model *model = calloc(1, sizeof(*model));
    bool vector = io.parameters > 0;
    struct weir_shape made = io.shape;
    if (!model)
        return WEIR_FAIL(ENOMEM, "model %s", ops->name);
    model->ops = ops;
    model->io = io;
    made.channels -= io.given;
    made.channels *= io.evidential ? WEIR_EVIDENCE_HEADS : 1;
    int rc = weir_graph_init_from(&model->graph,
                                  vector     ? io.parameters
                                  : io.given ? io.given
                                             : io.shape.channels,
                                  vector, &made);
    model->graph.jet = io.jet;
    if (!rc)
        rc = ops->build(opts, &model->graph);
    if (!rc)
        rc = weir_graph_finish(&model->graph);
    if (rc) {
        weir_model_destroy(model);
        return WEIR_NOTE(rc, "model %s", ops->name);
    }
    *out = model;
    return 0;
}

int weir_model_create_for(const struct weir_model_ops *ops,
                          const struct weir_options *opts,
                          const struct weir_model_io *io,
                          struct weir_model **out)
{
    const struct weir_shape *s = &io->shape;
    if (io->given < 0 || (io->given > 0 && io->given >= s->channels))
        return WEIR_FAIL(EINVAL, "model %s: %d of %d channels are given",
                         ops->name, io->given, s->channels);
    if (io->parameters < 0 || (io->parameters && io->given))
        return WEIR_FAIL(EINVAL, "model %s: from %d parameters and %d channels",
                         ops->name, io->parameters, io->given);
    if (ops->is_direct && io->parameters == 0)
        return WEIR_FAIL(EINVAL,
                         "model %s: takes parameters and a time, samples hold "
                         "frames only; choose one that leads from frame to "
                         "frame",
                         ops->name);
    if (!ops->is_direct && io->parameters > 0)
        return WEIR_FAIL(EINVAL,
                         "model %s: leads from frame to frame, not from "
                         "parameters",
                         ops->name);
    if (!ops->carries_jets && io->jet.coordinates)
        return WEIR_FAIL(EINVAL,
                         "model %s: does not carry the derivatives that an "
                         "equation needs; choose pinn",
                         ops->name);
    if (ops->carries_jets && !io->jet.coordinates)
        return WEIR_FAIL(EINVAL,
                         "model %s: learns from an equation, at collocation "
                         "points; samples hold states",
                         ops->name);
    return create(ops, opts, *io, out);
}

struct weir_model_io weir_model_jet_io(const struct weir_jet *jet)
{
    return (struct weir_model_io){
        .shape = {.channels = jet->features + 1,
                  .dims = 1,
                  .n = {weir_jet_size(jet), 1}},
        .given = jet->features,
        .jet = *jet,
    };
}

int weir_model_create(const struct weir_model_ops *ops,
                      const struct weir_options *opts,
                      const struct weir_shape *shape, struct weir_model **out)
{
    const struct weir_model_io io = {.shape = *shape};
    return weir_model_create_for(ops, opts, &io, out);
}

int weir_model_create_direct(const struct weir_model_ops *ops,
                             const struct weir_options *opts, int inputs,
                             const struct weir_shape *shape,
                             struct weir_model **out)
{
    const struct weir_model_io io = {.shape = *shape, .parameters = inputs};
    return weir_model_create_for(ops, opts, &io, out);
}

void weir_model_destroy(struct weir_model *model)
{
    if (!model)
        return;
    weir_graph_free(&model->graph);
    free(model);
}

const char *weir_model_name(const struct weir_model *model)
{
    return model->ops->name;
}

const struct weir_shape *weir_model_shape(const struct weir_model *model)
{
    return &model->io.shape;
}

const struct weir_model_io *weir_model_io(const struct weir_model *model)
{
    return &model->io;
}

bool weir_model_has_dropout(const struct weir_model *model)
{
    const struct weir_graph *g = &model->graph;
    for (int i = 0; i < g->layers; i++)
        if (!strcmp(g->layer[i].ops->name, "dropout"))
            return true;
    return false;
}

size_t weir_model_inputs(const struct weir_model *model)
{
    const struct weir_value *in = &model->graph.value[0];
    return (size_t)in->channels * (size_t)in->rows * (size_t)in->points;
}

size_t weir_model_packed(const struct weir_model *model)
{
    return model->graph.packed;
}

size_t weir_model_trained(const struct weir_model *model)
{
    return model->graph.trained;
}

size_t weir_model_parameters(const struct weir_model *model)
{
    size_t n = 0;
    for (int i = 0; i < model->graph.params; i++)
        if (!model->graph.param[i].measured)
            n += model->graph.param[i].count;
    return n;
}

size_t weir_model_floats(const struct weir_model *model)
{
    size_t n = 0;
    for (int i = 0; i < model->graph.params; i++)
        n += model->graph.param[i].count;
    return n;
}

size_t weir_model_tensors(const struct weir_model *model)
{
    return (size_t)model->graph.params;
}

struct weir_model_tensor weir_model_tensor(const struct weir_model *model,
                                           size_t i)
{
    const struct weir_param *p = &model->graph.param[i];
    struct weir_model_tensor t = {
        .name = p->name,
        .rank = p->rank,
        .count = p->count,
    };
    memcpy(t.dims, p->dims, sizeof(t.dims));
    return t;
}

/* Step a plain index, last dimension fastest. */
static void advance(const struct weir_param *p, int64_t index[])
{
    for (int d = p->rank - 1; d >= 0; d--) {
        if (++index[d] < p->dims[d])
            return;
        index[d] = 0;
    }
}

static int check_tensor(const struct weir_model *model, size_t i)
{
    if (i >= weir_model_tensors(model))
        return WEIR_FAIL(EINVAL, "model %s: tensor %zu of %zu",
                         model->ops->name, i, weir_model_tensors(model));
    return 0;
}

int weir_model_export(const struct weir_model *model, size_t i,
                      const float *packed, float *plain)
{
    int rc = check_tensor(model, i);
    if (rc)
        return rc;
    const struct weir_param *p = &model->graph.param[i];
    int64_t index[WEIR_MAX_RANK] = {0};
    for (size_t j = 0; j < p->count; j++, advance(p, index))
        plain[j] = packed[p->at + weir_form_at(&p->form, p->rank, index)];
    return 0;
}

int weir_model_import(const struct weir_model *model, size_t i,
                      const float *plain, float *packed)
{
    int rc = check_tensor(model, i);
    if (rc)
        return rc;
    const struct weir_param *p = &model->graph.param[i];
    int64_t index[WEIR_MAX_RANK] = {0};
    memset(packed + p->at, 0, p->room * sizeof(float));
    for (size_t j = 0; j < p->count; j++, advance(p, index))
        packed[p->at + weir_form_at(&p->form, p->rank, index)] = plain[j];
    return 0;
}

static double draw(const struct weir_init *init, struct weir_rng *rng)
{
    switch (init->kind) {
    case WEIR_INIT_UNIFORM:
        return init->scale * (2 * weir_rng_uniform(rng) - 1);
    case WEIR_INIT_POSITIVE:
        return init->scale * weir_rng_uniform(rng);
    case WEIR_INIT_NORMAL:
        return init->scale * weir_rng_normal(rng);
    case WEIR_INIT_CONSTANT:
        break;
    }
    return init->scale;
}

static int init_tensor(const struct weir_model *model, uint64_t seed, size_t i,
                       float *packed)
{
    const struct weir_param *p = &model->graph.param[i];
    struct weir_rng rng = weir_rng_stream(seed, WEIR_RNG_WEIGHTS, i);
    float *plain = weir_array(p->count, sizeof(float));
    if (!plain)
        return WEIR_FAIL(ENOMEM, "%s: %zu values", p->name, p->count);
    for (size_t j = 0; j < p->count; j++)
        plain[j] = (float)draw(&p->init, &rng);
    int rc = weir_model_import(model, i, plain, packed);
    free(plain);
    return rc;
}

int weir_model_init(const struct weir_model *model, uint64_t seed,
                    float *packed)
{
    int rc = 0;
    for (size_t i = 0; i < weir_model_tensors(model) && !rc; i++)
        rc = init_tensor(model, seed, i, packed);
    return rc;
}
