/** The sample server: coffee shops behind POST /action. */
import { readConfig } from "./action/config.js";
import { run } from "./action/run.js";
import { ActionServer } from "./action/server.js";
import { invoking, register } from "./coffee/actions.js";

try {
  const { config, given } = readConfig(process.argv.slice(2), process.env, ["known-only"]);
  const server = new ActionServer(config);
  register(server);
  if (!given.has("known-only")) server.handleOther(invoking);
  await run(server, config);
} catch (error) {
  console.error(`the server cannot go on: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
