/**
 * `npm run test:matrix`: tests of the scripts and of live reading on every supported version, each a project with a server of its own.
 * `-- --project pg13` takes one version.
 */
import { defineConfig } from "vitest/config";

const VERSIONS = ["pg13", "pg14", "pg15", "pg16", "pg17", "pg18"];

export default defineConfig({
  test: {
    // One server at a time is busy enough.
    maxWorkers: 2,
    projects: VERSIONS.map((name) => ({
      test: {
        name,
        globalSetup: ["test/matrix/server.ts"],
        include: [
          "test/matrix/catalogs.ts",
          "test/cases.test.ts",
          "test/environment.test.ts",
          "test/random/random.test.ts",
          "test/concurrency.test.ts",
          "test/drift-of-relations.test.ts",
          "test/script/operations.test.ts",
          "test/script/ledger.test.ts",
          "test/script/shape-tree.test.ts",
          "test/script/triggers-fired.test.ts",
        ],
        testTimeout: 120_000,
        hookTimeout: 180_000,
        env: { ROWPATCH_RANDOM_SEEDS: "1-20", ROWPATCH_CONCURRENT_DEPLOYS: "8" },
      },
    })),
  },
});
