/**
 * A PostgreSQL container through Testcontainers.
 */
import { GenericContainer, getContainerRuntimeClient, Wait } from "testcontainers";
import { type StartedServer, versionOf } from "./types.ts";

/** Any official `postgres` image. */
export const image: string = process.env["ROWPATCH_TEST_IMAGE"] ?? "postgres:15";

/** Undefined if Docker answers, else why it does not. */
export async function whyNoDocker(): Promise<string | undefined> {
  try {
    await getContainerRuntimeClient();
    return undefined;
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause);
  }
}

/** The superuser is `postgres` with the password `postgres`. The container is removed by `stop`, or by Ryuk where that runs. */
export async function startContainer(): Promise<StartedServer> {
  const container = await new GenericContainer(image)
    .withEnvironment({ POSTGRES_PASSWORD: "postgres" })
    .withExposedPorts(5432)
    // Nothing needs to outlive the run.
    .withTmpFs({ "/var/lib/postgresql": "rw" })
    .withCommand(["postgres", "-c", "fsync=off", "-c", "synchronous_commit=off"])
    // The image starts a first server, for its own set-up, that listens on no port.
    .withWaitStrategy(Wait.forLogMessage(/database system is ready to accept connections/, 2))
    .withStartupTimeout(120_000)
    .start();
  const url = `postgres://postgres:postgres@${container.getHost()}:${container.getMappedPort(5432)}/postgres`;
  const stop = async () => {
    await container.stop({ timeout: 0 });
  };
  try {
    const versionNumber = await versionOf(url);
    return { server: { kind: "docker", url, versionNumber, container: container.getId() }, stop };
  } catch (cause) {
    await stop();
    throw cause;
  }
}
