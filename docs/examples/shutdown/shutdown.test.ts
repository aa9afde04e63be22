import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { afterEach, describe, expect, it } from '@jest/globals';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));

describe('the shutdown example', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kapelle-shutdown-'));
  let child: ChildProcess | undefined;

  afterEach(() => {
    child?.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  it('answers its probes, and ends with 0 after a signal', async () => {
    const program = join(folder, 'main.mjs');
    symlinkSync(join(here, '../../../node_modules'), join(folder, 'node_modules'));
    await build({
      entryPoints: [join(here, 'main.ts')],
      outfile: program,
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      conditions: ['@kapelle/source'],
      external: ['inversify', 'reflect-metadata', 'class-validator', 'class-transformer'],
      keepNames: true,
      logLevel: 'error',
    });
    const started = spawn(process.execPath, [program], {
      env: { ...process.env, NODE_OPTIONS: '', KUBERNETES_SERVICE_HOST: '', PROBE_PORT: '0' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child = started;
    const lines: string[] = [];
    const exit = new Promise((resolve) => started.on('close', resolve));
    const port = await new Promise<number>((resolve, reject) => {
      createInterface(started.stdout).on('line', (line) => {
        lines.push(line);
        if (line.startsWith('{')) resolve((JSON.parse(line) as { port: number }).port);
      });
      void exit.then((code) => {
        reject(new Error(`It ended with ${String(code)} before it was up.`));
      });
    });
    for (const probe of ['ready', 'live']) {
      const response = await fetch(`http://127.0.0.1:${port}/${probe}`, { headers: { connection: 'close' } });
      expect(response.status).toBe(200);
    }
    started.kill('SIGTERM');
    expect(await exit).toBe(0);
    expect(lines.at(-1)).toBe('outbox closed');
  }, 20_000);
});
