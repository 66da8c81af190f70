// As much of `@oslojs/binary` as SHA-256 needs: the build puts it in the place of the whole, whose classes no bundler
// can take apart. The tests compare the two.

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export const bigEndian = {
  putUint32: (bytes: Uint8Array, value: number, offset: number): void => view(bytes).setUint32(offset, value),
  putUint64: (bytes: Uint8Array, value: bigint, offset: number): void =>
    view(bytes).setBigUint64(offset, value),
};

/** 32 bits, rotated to the left. */
export const rotl32 = (bits: number, by: number): number => ((bits << by) | (bits >>> (32 - by))) >>> 0;

/** 32 bits, rotated to the right. */
export const rotr32 = (bits: number, by: number): number => ((bits >>> by) | (bits << (32 - by))) >>> 0;
