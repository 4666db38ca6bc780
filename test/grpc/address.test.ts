import { expect, test } from "vitest";
import { toAddress, toTarget } from "../../src/grpc/address.ts";

const tcp = (address: string) => toAddress({ address, socketType: "tcp" });

test("reads both spellings of a TCP address that the SDKs use", () => {
  expect(tcp("http://127.0.0.1:10667")).toEqual({ host: "127.0.0.1", port: 10667 });
  expect(tcp("worker:10667")).toEqual({ host: "worker", port: 10667 });
  expect(tcp("http://[::1]:10667/")).toEqual({ host: "::1", port: 10667 });
  expect(tcp("http://worker:80")).toEqual({ host: "worker", port: 80 });
});

test("writes what gRPC can dial", () => {
  expect(toTarget(tcp("http://127.0.0.1:10667"))).toBe("127.0.0.1:10667");
  expect(toTarget(tcp("http://[::1]:10667"))).toBe("[::1]:10667");
  expect(toTarget(toAddress({ address: "/a/b.sock", socketType: "unixdomainsocket" }))).toBe(
    "unix:///a/b.sock",
  );
});
