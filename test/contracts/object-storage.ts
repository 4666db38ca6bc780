import { describe, onTestFinished } from "vitest";
import { type ObjectStorageOptions, openObjectStorage } from "../../src/adaptors/object-storage.ts";
import type { ObjectStorage } from "../../src/adaptors/ports/objects.ts";
import { attempts } from "./object-storage/attempts.ts";
import { interruption } from "./object-storage/interruption.ts";
import { operation } from "./object-storage/operation.ts";
import { sessions } from "./object-storage/sessions.ts";
import { storing } from "./object-storage/storing.ts";
import { streaming } from "./object-storage/streaming.ts";

interface ObjectStorageContract {
  /** How to open one more connection to the same storage. */
  configure: () => ObjectStorageOptions;
}

export interface ObjectStoragePromises {
  /** One more connection, until the end of the test. */
  open: () => Promise<ObjectStorage>;
}

/** Every driver of ObjectStorage keeps these promises. */
export function objectStorageContract({ configure }: ObjectStorageContract): void {
  const open = async (): Promise<ObjectStorage> => {
    const storage = await openObjectStorage(configure());
    onTestFinished(() => storage[Symbol.asyncDispose]());
    return storage;
  };
  const given = { open };
  describe("storing", () => storing(given));
  describe("attempts", () => attempts(given));
  describe("sessions", () => sessions(given));
  describe("streaming", () => streaming(given));
  describe("interruption", () => interruption(given));
  describe("operation", () => operation(given));
}
