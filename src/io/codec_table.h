/*
 * The codecs: one row each, CODEC(name); codec_NAME.c holds
 * `const struct codec_def codec_NAME`.  Included with CODEC defined; no guard
 * on purpose.
 */
CODEC(gzip)
CODEC(zstd)
CODEC(xz)
CODEC(bzip2)
CODEC(lz4)
