/* SPDX-License-Identifier: BSD-3-Clause */
#include "acquire/sobol_directions.h"

#include "acquire/sobol.h"

/* clang-format off */
/* In the order of the dimensions; found by tests/golden/sobol_table.c. */
static const uint64_t choice[WEIR_SOBOL_DIMS] = {
    0x0, 0x0, 0x1, 0x1, 0x0, 0x3e, 0xa, 0x5, 0x29c, 0x2d7, 0xe5, 0x130, 0x161,
    0x4556, 0x2084, 0x70f6, 0x1af5, 0x4321, 0x75a, 0x1030c2, 0xdd7c9, 0xfd022,
    0xe6d29, 0x1d2774, 0xb08df, 0x1a0644, 0x171c5b, 0xe409c, 0xecb98, 0x1e95e7,
    0x1bff7e, 0x6c70f, 0x136091, 0x10174, 0x162ed, 0x9a6b9, 0x10466a, 0x59c1292,
    0xfddc1cf, 0xd810b59, 0xcae4bcc, 0x3bf934d, 0x37cc010, 0x540efa8, 0x43b3069,
    0x8092f56, 0x4505ee6, 0x6a2bbef, 0xfe085ff, 0x3860e0d, 0x1066615, 0x6be8e21,
    0xc9ca826, 0x27d6ca009, 0x306fd80c7, 0xfdab4ee19, 0x973a7a44c, 0xa0d0ed78,
    0x28dfed1a6, 0x62d2c70fe, 0xc089aaaa5, 0xd813ad44e, 0x23d89e903,
    0x5480f8f3c, 0xe4f3b69d2, 0xd0c6fcf3e, 0xce00deace, 0xf83d3bc52,
    0xec1a0a187, 0x9cdeff967, 0xae0abaab1, 0xe40ae9b43, 0xa03ab7bb3,
    0x3fadc1879, 0xd4f24f4d6, 0xa9779461f, 0x3b70b85be, 0x58ef33b50, 0x621f3164,
    0xd431107d1, 0xc61e4737a, 0xf1dc51ec7, 0x99bb22d3f, 0xd46f0dbfa,
    0x94da96cd5, 0x4551c1b17, 0xf5fcd448b, 0x228127c2a, 0x7c5ece558,
    0xa2b9a206a, 0x29688c42c, 0xfef0cc9f1, 0xc6febf110, 0xd054fdead,
    0xc19c1a5d0, 0x9f08d778a, 0xc59e92e70, 0x1d70f434b, 0x6b4c1bd, 0xbf5a7884b,
    0x70f8c28a3, 0x14779a4502b3, 0x12b9f3a93d1a, 0xfdfd08899bd, 0x799d425b0b,
    0x3be7993c30c, 0x14dcacb241a7, 0x3fb4399bb2c, 0x3969e6e2936, 0x9321ccdb1e,
    0x16eaab0c9199, 0x1a6e7915fdc8, 0x13165e3fc161, 0xa07542dfb63,
    0xa6f719db74a, 0xb64bda11611, 0xc85d325a3bc, 0x15f964d247fb, 0x1e34f27283ff,
    0x2e259e646d8, 0xec7f52b1c78, 0xdd8cae111d, 0xc9639fe5b60, 0xa6c2cf22d0e,
    0xefe7ad98a5f, 0x8c7c14580e1, 0x791b23274db, 0x97e638b78c9, 0x15dc4a9335ca,
    0x167a5a03b6e5, 0x7cd719bd20a, 0x1207e39f5757, 0x67fc38184bc, 0xdb75d46fa65,
    0x1ab5d0dbb01b, 0x18c099dc67fb, 0x1d93532df90c, 0x1fa4104a7422,
    0x6dd2dc80de8, 0xc99ed34099d, 0x19ecf3801348, 0xf01449235e, 0xa143fbeb24e,
    0x1b4fecad5656, 0x161dc51a1c04, 0x61e60b0596f, 0x532be3d1e70, 0x82d97567baf,
    0x1373748437c7, 0x1827368cbe79, 0x57a1e48e4be, 0x1578417a2995,
    0x8248f54abb6, 0xec46fd1f509, 0x9cd874bc4f1, 0xf06de354b7d, 0x15a99480d0f7,
    0x60acbe12392, 0x97068148a1, 0x14c02354f70c, 0x14fc4391f3ec,
    0x6ddd8350570d20, 0x5cfdce8a7b2f5a, 0x392721398e705d, 0x3a7c91f2f3de3f,
    0x28e533552721a5, 0x2c98a346e52ffd, 0x77e30565f45034, 0x3974c68eea5329,
    0x57233f2e520ef6, 0x3d0f508d562835, 0x10556a3c14f283, 0x1ed0c08dfb13c6,
    0x21aaea76a2821f, 0x1371ad83c6f70f, 0x699c92843046fc, 0x3c4a836ef4224,
    0x7c0afaca198735, 0x50c047a7819c45, 0x36eae409108e6, 0x72ab61b7e578d3,
    0x11cdbad6f35633, 0x78735e1969e7cb, 0x4b48d5369bc0cd, 0x86d047ace8efa,
    0x692dad430f072, 0x561dd7624096d3, 0x2ddf03cadb9fda, 0x697644dd3fd8f7,
    0x6acaf73e1e28bb, 0x275cbf56e09cce, 0x1523c66d40b60e, 0x5731a140e685d1,
    0x3395c5a236c908, 0x2805b5e3bfb7ba, 0xa52c3d494f861, 0xf6ab48fd23765,
    0x7aa0046f335d34, 0x18012588453528, 0x7a7ec650562396, 0x2848d2a16ee166,
    0x10d347c35574c, 0x8180f7a27e031, 0x6ec3fc6cf56a31, 0x4b7199a1970968,
    0x12dc4fbe8c8536, 0x52ed404a4e37ca, 0x30efb890a85188, 0x221097af577a17,
    0x2b56bea84fa569, 0x411d486f09073c, 0x2387143ed44ec3, 0x202fb30af86dc4,
    0x5644791798069d, 0x6405a815e0b93a, 0x7faffebfb5d968, 0x1045ff0bf6fad8,
    0x32aa239ea369cb, 0x57a935e7a8fb70, 0x27a5af1ee725bb, 0x270bccc598f941,
    0x27b681e86e6a46, 0x6bef20e0927651, 0x58de3acafb6fec, 0x296b0fbeaa7b68,
    0x41c604d5729da, 0x179baf3d220f9, 0x68671819af54cd, 0x2df830bf1cf8cd,
    0x2e522877000304, 0x36225395dfbdc4, 0x2635014923856d, 0xd848db961e242,
    0x37e92f3ce69193, 0x760eab8e93a0a4, 0x1ce4fe5cc2cb5c, 0x5727b308e83ebf,
    0x432ca487caa737, 0x51bbf7e232280a, 0x7588efb0d4894, 0x453cdd0cb7d4a1,
    0x5733208da84795, 0x6bb4c13c4f225, 0x6ac8bb9f3a363, 0x6479d07095c503,
    0x79ba3aed6aeef6, 0x7be8a9f4ec06a3, 0x42d9241b2ac96a, 0x5de39e39f09a32,
    0x4fb8c8b782ce7, 0x3664996d5ed176, 0x42ba84521d6c68, 0x77846455d3322f,
    0xfdefd321a04cb, 0x7fb8ec5f63a70d, 0x1aa4756d8bcda5, 0x73072e234533f8,
    0x549883ab0aa836, 0x3d71927f62005c, 0x32cace53e2f0cd, 0x46b9336aec1d52,
    0x6995bf0560e244, 0x7ba1f465799e5d, 0x2ead96d64cc18d, 0xcd23a5897530,
    0x4c903251c2784a, 0x2a3b362c3408a7, 0x64f60d5ad61563, 0x77ae2565eb7abd,
    0x7e226f8b4c6911, 0x76c86282342003, 0x7e7b8aa9c980ff, 0x350381c9696a00,
    0x7871270f79a459, 0x453ff9d2eb6a79, 0x47866f29fea449, 0x46df47252189c0,
    0x320f77b3a09ffa, 0x5a17c56e548305, 0x5c211bbf8bfb79, 0x73868f3d79713f,
    0x26de008009e297, 0x63fcd20a83e531, 0x7edf570e4487f7, 0x58e921bad9584a,
    0x4f930dcaa3789, 0x67d26cbbcefea7, 0x3ddce629597bc1, 0x911bf62fa4a17,
    0x185f797ba82d5d, 0x17dbc8315716a4, 0x398ea17a09e251, 0x5e1a39c424367f,
    0x6ec0e1637018cf, 0x3ab3591e769601, 0x2e2fe0759c7da6, 0x7be8324718d262,
    0x184fd3e1f214e9, 0x7823c67d69bfe3, 0x438c38304a2dc7, 0x4df7fa43f3f571,
    0x1e67631738e073, 0x7b11379d17184c, 0xceaee011ec985, 0x6868a231fcbec6,
    0x387225dd58f644, 0x1999ba791de044, 0x2cdd1d5c95e409, 0x8b1d971dee778,
    0x17f0c8ca33c2dd, 0x5d99b19c08121e, 0x6f5ee26ef9aa74, 0xc745b2164ccae,
    0x6294ea1ef3821f, 0xd3bad7dc82fc0, 0x7576f405548f03, 0x308e0c457db1f0,
    0x3b8b79d60324a7, 0x4e1e12516499b2, 0x16dae5a993caee, 0x138203538553f6,
    0x2e482d99f82a52, 0x7d64921a3431fa, 0x759550addefdba, 0x4bb107f3cf0423,
    0x7f2aedee2e0586, 0x35cf6881c640b7, 0x756bb6cc7f2187, 0x53864cb2d4d6ae,
    0x892f68a91cc19, 0x193cb22d5dfd73, 0x467ae8950687f8, 0x34498363b294e4,
    0x55ac91009c4bb5, 0x42f13f39663eb3, 0x4c7af4fbcac208, 0x287730effd4635,
};
/* clang-format on */

int weir_polynomial_degree(uint32_t p)
{
    return 31 - __builtin_clz(p);
}

/* Whether x generates all 2^s - 1 elements other than 0 modulo @p p. */
static int is_primitive(uint32_t p)
{
    int s = weir_polynomial_degree(p);
    uint32_t order = 1, power = s > 1 ? 2 : 1;
    for (; power != 1; order++) {
        power <<= 1;
        if (power >> s)
            power ^= p;
        if (power == 0)
            return 0;
    }
    return order == (1u << s) - 1;
}

uint32_t weir_next_primitive(uint32_t p)
{
    p = p ? p + 2 : 3; /* the constant term is always 1 */
    while (!is_primitive(p))
        p += 2;
    return p;
}

void weir_sobol_directions(uint32_t p, uint64_t packed,
                           uint32_t v[WEIR_SOBOL_BITS])
{
    int s = p ? weir_polynomial_degree(p) : WEIR_SOBOL_BITS;
    for (int k = 0; k < s; k++) {
        uint64_t r = p ? packed & ((1ull << k) - 1) : 0;
        uint32_t m = p ? 2 * (uint32_t)r + 1 : 1;
        packed >>= k;
        v[k] = m << (WEIR_SOBOL_BITS - 1 - k);
    }
    for (int k = s; k < WEIR_SOBOL_BITS; k++) {
        v[k] = v[k - s] ^ v[k - s] >> s;
        for (int a = 1; a < s; a++)
            if (p >> (s - a) & 1)
                v[k] ^= v[k - a];
    }
}

uint64_t weir_sobol_choice(int dim)
{
    return choice[dim];
}
