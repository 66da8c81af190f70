import { vi } from "vitest";

// Imported before relatch, which keeps the timers that it finds for pauses that nothing but time can end. The runner moves
// all of them.
vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
