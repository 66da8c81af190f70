import { encodeParts } from "./bytes.ts";
import { anArrayOf, mustBe, type Reader } from "./shape.ts";

/** The option `tenants`: the names, `"dynamic"` if tenants come and go, or nothing if one server serves one site. */
export type Tenants = readonly string[] | "dynamic" | undefined;

/** Reports whether a value can be the name of a tenant. */
export const isTenant = (value: unknown): value is string =>
  typeof value === "string" && value !== "" && value.length <= 256 && value.isWellFormed() && !/\p{Cc}/u.test(value);

/** Reports whether a tenant may occur with these options. */
export function isDeclared(tenants: Tenants, tenant: unknown): tenant is string | undefined {
  if (tenants === undefined) return tenant === undefined;
  return isTenant(tenant) && (tenants === "dynamic" || tenants.includes(tenant));
}

/** Encodes a tenant, or that there is none. */
export const encodeTenant = (tenant: string | undefined): Uint8Array =>
  tenant === undefined ? Uint8Array.of(0) : encodeParts(Uint8Array.of(1), tenant);

const aTenant: Reader<string> = (value, path) => {
  if (isTenant(value)) return value;
  throw mustBe(path, "a string of 1 to 256 characters", value);
};

/** Reads the option `tenants`. */
export const someTenants: Reader<readonly string[] | "dynamic"> = (value, path) => {
  if (value === "dynamic") return value;
  const tenants = Array.isArray(value) ? anArrayOf(aTenant)(value, path) : [];
  if (tenants.length > 0 && new Set(tenants).size === tenants.length) return tenants;
  throw mustBe(path, 'an array of different names, or "dynamic"', value, 'tenants: ["acme", "globex"]');
};
