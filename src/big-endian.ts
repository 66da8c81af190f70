// As much of `@oslojs/binary` as SHA-256 needs: the build puts it in the place of the whole, whose classes no bundler
// can take apart. The tests compare the two.

/** The lowest 32 bits of a number, the highest byte first. A DataView for each took a tenth of a whole call. */
export function putUint32(bytes: Uint8Array, value: number, offset: number): void {
  for (let rest = value, at = offset + 3; at >= offset; at--, rest >>>= 8) bytes[at] = rest;
}

export const bigEndian = {
  putUint32,
  /** Up to 2^53, which is more bits than anybody hashes here. */
  putUint64(bytes: Uint8Array, value: bigint, offset: number): void {
    putUint32(bytes, Number(value >> 32n), offset);
    putUint32(bytes, Number(value), offset + 4);
  },
};

/** 32 bits, rotated to the left. */
export const rotl32 = (bits: number, by: number): number => ((bits << by) | (bits >>> (32 - by))) >>> 0;

/** 32 bits, rotated to the right. */
export const rotr32 = (bits: number, by: number): number => ((bits >>> by) | (bits << (32 - by))) >>> 0;
