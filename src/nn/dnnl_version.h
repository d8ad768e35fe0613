/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_NN_DNNL_VERSION_H
#define WEIR_NN_DNNL_VERSION_H

/**
 * @file
 * Where the C interfaces of oneDNN 2.x and 3.x differ; for dnnl.c alone. 2.x has
 * memory descriptors by value and describes an operation before its primitive;
 * 3.x has descriptors behind pointers and no description between. Here both have
 * the manner of 3.x: a descriptor is made, copied, and freed.
 */
#include <dnnl.h>

#include <stdbool.h>
#include <stdlib.h>

/** What a descriptor says, as far as it is looked at here. */
struct md_view {
    bool blocked; /* in strides and blocks; the rest means nothing otherwise */
    int rank, blocks;
    const dnnl_dim_t *dims, *padded, *stride, *block_size, *block_dim;
};

/** A convolution but for its arrays; dilation counts from 0. */
struct md_conv {
    const dnnl_dim_t *stride, *dilation, *before, *after;
};

#if DNNL_VERSION_MAJOR >= 3

typedef dnnl_memory_desc_t md_t;
typedef const_dnnl_memory_desc_t const_md_t;

static inline dnnl_status_t md_create(md_t *out, int rank,
                                      const dnnl_dims_t dims,
                                      dnnl_format_tag_t tag)
{
    return dnnl_memory_desc_create_with_tag(out, rank, dims, dnnl_f32, tag);
}

static inline dnnl_status_t md_copy(md_t *out, const_md_t md)
{
    return dnnl_memory_desc_clone(out, md);
}

static inline void md_free(md_t md)
{
    if (md)
        dnnl_memory_desc_destroy(md);
}

static inline struct md_view md_look(const_md_t md)
{
    struct md_view v = {0};
    const dnnl_dims_t *dims = NULL, *padded = NULL, *stride = NULL;
    const dnnl_dims_t *size = NULL, *dim = NULL;
    dnnl_format_kind_t kind = dnnl_format_kind_undef;
    dnnl_memory_desc_query(md, dnnl_query_format_kind, &kind);
    dnnl_memory_desc_query(md, dnnl_query_ndims_s32, &v.rank);
    dnnl_memory_desc_query(md, dnnl_query_dims, &dims);
    dnnl_memory_desc_query(md, dnnl_query_padded_dims, &padded);
    v.dims = *dims;
    v.padded = *padded;
    v.blocked = kind == dnnl_blocked;
    if (!v.blocked)
        return v;
    dnnl_memory_desc_query(md, dnnl_query_strides, &stride);
    dnnl_memory_desc_query(md, dnnl_query_inner_nblks_s32, &v.blocks);
    dnnl_memory_desc_query(md, dnnl_query_inner_blks, &size);
    dnnl_memory_desc_query(md, dnnl_query_inner_idxs, &dim);
    v.stride = *stride;
    v.block_size = *size;
    v.block_dim = *dim;
    return v;
}

static inline dnnl_status_t md_append_relu(dnnl_post_ops_t ops, float slope)
{
    return dnnl_post_ops_append_eltwise(ops, dnnl_eltwise_relu, slope, 0.0F);
}

static inline dnnl_status_t md_conv_forward(dnnl_primitive_desc_t *out,
                                            dnnl_engine_t engine,
                                            const struct md_conv *c,
                                            const_md_t x, const_md_t w,
                                            const_md_t bias, const_md_t y,
                                            const_dnnl_primitive_attr_t attr)
{
    return dnnl_convolution_forward_primitive_desc_create(
        out, engine, dnnl_forward_training, dnnl_convolution_direct, x, w, bias,
        y, c->stride, c->dilation, c->before, c->after, attr);
}

static inline dnnl_status_t md_conv_data(dnnl_primitive_desc_t *out,
                                         dnnl_engine_t engine,
                                         const struct md_conv *c, const_md_t dx,
                                         const_md_t w, const_md_t dy,
                                         const_dnnl_primitive_desc_t forward,
                                         const_dnnl_primitive_attr_t attr)
{
    return dnnl_convolution_backward_data_primitive_desc_create(
        out, engine, dnnl_convolution_direct, dx, w, dy, c->stride, c->dilation,
        c->before, c->after, forward, attr);
}

static inline dnnl_status_t md_conv_weights(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, const struct md_conv *c,
    const_md_t x, const_md_t dw, const_md_t dbias, const_md_t dy,
    const_dnnl_primitive_desc_t forward, const_dnnl_primitive_attr_t attr)
{
    return dnnl_convolution_backward_weights_primitive_desc_create(
        out, engine, dnnl_convolution_direct, x, dw, dbias, dy, c->stride,
        c->dilation, c->before, c->after, forward, attr);
}

static inline dnnl_status_t md_map_forward(dnnl_primitive_desc_t *out,
                                           dnnl_engine_t engine,
                                           dnnl_alg_kind_t kind, const_md_t md,
                                           float alpha)
{
    return dnnl_eltwise_forward_primitive_desc_create(
        out, engine, dnnl_forward_training, kind, md, md, alpha, 0.0F, NULL);
}

static inline dnnl_status_t md_map_backward(dnnl_primitive_desc_t *out,
                                            dnnl_engine_t engine,
                                            dnnl_alg_kind_t kind, const_md_t md,
                                            float alpha,
                                            const_dnnl_primitive_desc_t forward)
{
    return dnnl_eltwise_backward_primitive_desc_create(
        out, engine, kind, md, md, md, alpha, 0.0F, forward, NULL);
}

#else

typedef dnnl_memory_desc_t *md_t;
typedef const dnnl_memory_desc_t *const_md_t;

static inline dnnl_status_t md_copy(md_t *out, const_md_t md)
{
    *out = malloc(sizeof(**out));
    if (!*out)
        return dnnl_out_of_memory;
    **out = *md;
    return dnnl_success;
}

static inline dnnl_status_t md_create(md_t *out, int rank,
                                      const dnnl_dims_t dims,
                                      dnnl_format_tag_t tag)
{
    dnnl_memory_desc_t md;
    dnnl_status_t status =
        dnnl_memory_desc_init_by_tag(&md, rank, dims, dnnl_f32, tag);
    return status ? status : md_copy(out, &md);
}

static inline void md_free(md_t md)
{
    free(md);
}

static inline struct md_view md_look(const_md_t md)
{
    const dnnl_blocking_desc_t *b = &md->format_desc.blocking;
    return (struct md_view){
        .blocked = md->format_kind == dnnl_blocked,
        .rank = md->ndims,
        .blocks = b->inner_nblks,
        .dims = md->dims,
        .padded = md->padded_dims,
        .stride = b->strides,
        .block_size = b->inner_blks,
        .block_dim = b->inner_idxs,
    };
}

static inline dnnl_status_t md_append_relu(dnnl_post_ops_t ops, float slope)
{
    return dnnl_post_ops_append_eltwise(ops, 1.0F, dnnl_eltwise_relu, slope,
                                        0.0F);
}

static inline dnnl_status_t md_conv_forward(dnnl_primitive_desc_t *out,
                                            dnnl_engine_t engine,
                                            const struct md_conv *c,
                                            const_md_t x, const_md_t w,
                                            const_md_t bias, const_md_t y,
                                            const_dnnl_primitive_attr_t attr)
{
    dnnl_convolution_desc_t desc;
    dnnl_status_t status = dnnl_dilated_convolution_forward_desc_init(
        &desc, dnnl_forward_training, dnnl_convolution_direct, x, w, bias, y,
        c->stride, c->dilation, c->before, c->after);
    return status ? status
                  : dnnl_primitive_desc_create(out, &desc, attr, engine, NULL);
}

static inline dnnl_status_t md_conv_data(dnnl_primitive_desc_t *out,
                                         dnnl_engine_t engine,
                                         const struct md_conv *c, const_md_t dx,
                                         const_md_t w, const_md_t dy,
                                         const_dnnl_primitive_desc_t forward,
                                         const_dnnl_primitive_attr_t attr)
{
    dnnl_convolution_desc_t desc;
    dnnl_status_t status = dnnl_dilated_convolution_backward_data_desc_init(
        &desc, dnnl_convolution_direct, dx, w, dy, c->stride, c->dilation,
        c->before, c->after);
    return status
               ? status
               : dnnl_primitive_desc_create(out, &desc, attr, engine, forward);
}

static inline dnnl_status_t md_conv_weights(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, const struct md_conv *c,
    const_md_t x, const_md_t dw, const_md_t dbias, const_md_t dy,
    const_dnnl_primitive_desc_t forward, const_dnnl_primitive_attr_t attr)
{
    dnnl_convolution_desc_t desc;
    dnnl_status_t status = dnnl_dilated_convolution_backward_weights_desc_init(
        &desc, dnnl_convolution_direct, x, dw, dbias, dy, c->stride,
        c->dilation, c->before, c->after);
    return status
               ? status
               : dnnl_primitive_desc_create(out, &desc, attr, engine, forward);
}

static inline dnnl_status_t md_map_forward(dnnl_primitive_desc_t *out,
                                           dnnl_engine_t engine,
                                           dnnl_alg_kind_t kind, const_md_t md,
                                           float alpha)
{
    dnnl_eltwise_desc_t desc;
    dnnl_status_t status = dnnl_eltwise_forward_desc_init(
        &desc, dnnl_forward_training, kind, md, alpha, 0.0F);
    return status ? status
                  : dnnl_primitive_desc_create(out, &desc, NULL, engine, NULL);
}

static inline dnnl_status_t md_map_backward(dnnl_primitive_desc_t *out,
                                            dnnl_engine_t engine,
                                            dnnl_alg_kind_t kind, const_md_t md,
                                            float alpha,
                                            const_dnnl_primitive_desc_t forward)
{
    dnnl_eltwise_desc_t desc;
    dnnl_status_t status =
        dnnl_eltwise_backward_desc_init(&desc, kind, md, md, alpha, 0.0F);
    return status
               ? status
               : dnnl_primitive_desc_create(out, &desc, NULL, engine, forward);
}

#endif

#endif
