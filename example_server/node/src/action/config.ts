import { readFileSync } from "node:fs";
import type { TlsOptions } from "node:tls";
import { parseArgs } from "node:util";

/** Where to listen and who may call. */
export interface Config {
  host: string;
  /** 0 takes a free one. */
  port: number;
  /** PEM files; with them the server speaks https. */
  tlsCert?: string | undefined;
  tlsKey?: string | undefined;
  /** PEM file: callers need a certificate of this authority. */
  clientCa?: string | undefined;
  /** Callers need this bearer token. */
  token?: string | undefined;
  /** Bytes of a request's body. */
  maxBody: number;
  /** How many seconds running actions have when the server stops. */
  grace: number;
}

/** Something is wrong with the settings; the message is for the person who made them. */
export class ConfigError extends Error {}

/**
 * Reads the command line, and for what is not there the environment: variables such as ACTION_SERVER_TLS_CERT.
 *
 * @param flags Further options of the caller, which are given or not; `given` names those that are.
 */
export function readConfig(
  args: string[],
  environment: NodeJS.ProcessEnv,
  flags: string[] = [],
): { config: Config; given: Set<string> } {
  const options: Record<string, { type: "string" | "boolean" }> = {};
  for (const name of ["host", "port", "tls-cert", "tls-key", "client-ca", "token", "max-body", "grace"]) {
    options[name] = { type: "string" };
  }
  for (const name of flags) options[name] = { type: "boolean" };
  let values: Record<string, unknown>;
  try {
    values = parseArgs({ args, options }).values;
  } catch (error) {
    const known = Object.keys(options).map((name) => `--${name}`);
    throw new ConfigError(`${(error as Error).message} (the options are ${known.join(", ")})`);
  }
  const value = (name: string): string | undefined =>
    (values[name] as string | undefined) ||
    environment[`ACTION_SERVER_${name.replaceAll("-", "_").toUpperCase()}`] ||
    undefined;
  const number = (name: string, standard: number, most: number): number => {
    const found = value(name) ?? String(standard);
    if (!/^[0-9]+$/.test(found) || Number(found) > most) {
      throw new ConfigError(`${name}: "${found}" is not a number from 0 to ${most}`);
    }
    return Number(found);
  };
  const config: Config = {
    host: value("host") ?? "127.0.0.1",
    port: number("port", 8080, 65_535),
    tlsCert: value("tls-cert"),
    tlsKey: value("tls-key"),
    clientCa: value("client-ca"),
    token: value("token"),
    maxBody: number("max-body", 16 * 1024 * 1024, 2 ** 40),
    grace: number("grace", 5, 86_400),
  };
  return { config, given: new Set(Object.keys(values)) };
}

/** Loads the PEM files; undefined serves plain http. */
export function tlsOptions(config: Config): TlsOptions | undefined {
  const { tlsCert, tlsKey, clientCa } = config;
  if (!tlsCert && !tlsKey && !clientCa) return undefined;
  if (!tlsCert || !tlsKey) {
    throw new ConfigError("--tls-cert and --tls-key go together, and --client-ca needs them");
  }
  const own: TlsOptions = { minVersion: "TLSv1.2", cert: readFileSync(tlsCert), key: readFileSync(tlsKey) };
  if (!clientCa) return own;
  return { ...own, ca: readFileSync(clientCa), requestCert: true, rejectUnauthorized: true };
}
