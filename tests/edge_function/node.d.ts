// The little of Node that the tests use. Not @types/node: with it, a Node-only call in the code itself would pass the check.

declare module "node:test" {
  export function test(name: string, body: () => void | Promise<void>): void;
}

declare module "node:assert/strict" {
  const assert: {
    equal(actual: unknown, expected: unknown, message?: string): void;
    deepEqual(actual: unknown, expected: unknown, message?: string): void;
    ok(value: unknown, message?: string): void;
    match(value: string, expected: RegExp): void;
    throws(body: () => unknown, expected: RegExp): void;
    rejects(work: Promise<unknown>, expected: RegExp): Promise<void>;
  };
  export default assert;
}
