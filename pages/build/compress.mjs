import { brotliCompressSync, constants, gzipSync } from "node:zlib";

export function gzip(content) {
  const compressed = gzipSync(content, { level: 9 });
  // The header's operating system field would differ between machines.
  compressed[9] = 255;
  return compressed;
}

export function brotli(content) {
  return brotliCompressSync(content, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 11,
      [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
    },
  });
}
