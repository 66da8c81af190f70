import { describeType, optionError } from "../lib/shape.ts";
import { isDeclared } from "../lib/tenants.ts";
import { readOwnField } from "../lib/untrusted-input.ts";
import type { Core } from "./core.ts";
import { readCorrelationId } from "./jobs.ts";
import type { Config } from "./options.ts";

/** The origin of a call, which goes into every event and every job of it. */
export interface Origin {
  readonly tenant: string | undefined;
  readonly correlationId: string | undefined;
}

/**
 * Reads the tenant and the `correlationId` of a call.
 *
 * @throws {RelatchError} `ERR_OPTIONS` if the tenant is not one that may occur.
 */
export const readOrigin = ({ config }: Core, input: unknown): Origin => ({
  tenant: readTenant(config, input),
  correlationId: readCorrelationId(input),
});

/**
 * Reads the `tenant` of a call. With the option `tenants` it is required. A missing one must not read as "any tenant", and
 * a misspelled one must not end as an account that is never found.
 *
 * @throws {RelatchError} `ERR_OPTIONS` if it is not one that may occur.
 */
export function readTenant({ tenants, emit }: Config, input: unknown): string | undefined {
  const tenant = readOwnField(input, "tenant") ?? undefined;
  if (isDeclared(tenants, tenant)) return tenant;
  emit({ type: "tenant_refused" });
  const received = describeType(tenant);
  if (tenants === undefined) {
    throw optionError(`tenant must be left out, because the option tenants is not given, received ${received}.`);
  }
  if (tenants === "dynamic") throw optionError(`tenant must be a string of 1 to 256 characters, received ${received}.`);
  const other = typeof tenant === "string" && tenant !== "" ? "another string" : received;
  throw optionError(`tenant must be one of the option tenants, received ${other}.`);
}
