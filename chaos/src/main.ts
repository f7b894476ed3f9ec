import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { Deployment } from './deployment.js';
import { clientOf } from './deployment-client.js';
import { faultKind, planFaults } from './fault-schedule.js';
import { checkJob } from './job-checks.js';
import { checkKeys, checkProcesses, checkStorage } from './leftover-checks.js';
import { report } from './report.js';
import { runJobs } from './run.js';
import { undisturbed } from './undisturbed.js';
import { planJobs } from './workload.js';

const USAGE = `usage: npm run chaos -- [--jobs 200] [--minutes 5] [--seed N] [--only FAULT] [--keep]
  Two apis, three workers and a Valkey do jobs, first undisturbed, then while random faults strike them; at the end it
  checks that each job ended once, with the same bytes. Exits 1 on any violation.
  --jobs     how many jobs are enqueued    --minutes  how long faults strike
  --seed     what is random                --keep     leaves the folder with all logs and files
  --only     one kind of fault: ${faultKind.options.join(', ')}`;

const wholeNumber = (most: number) => z.coerce.number().int().min(1).max(most);
const asked = z.object({
  jobs: wholeNumber(100_000).default(200),
  minutes: z.coerce.number().min(0.1).max(10_000).default(5),
  seed: z.coerce
    .number()
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .default(1),
  only: faultKind.optional(),
  keep: z.boolean().default(false),
});

/** The part of a run in which jobs are enqueued; in what is left, faults meet those that are there. */
const ENQUEUE_SHARE = 0.8;
/** How long the jobs may take after the last fault, for each of them. */
const PATIENCE_MS_A_JOB = 5000;
const LEAST_PATIENCE_MS = 180_000;

async function chaos({ jobs, minutes, seed, only, keep }: z.output<typeof asked>): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'glyphmill-chaos-'));
  const violations: string[] = [];
  const onViolation = (violation: string) => {
    violations.push(violation);
    console.log(`VIOLATION ${violation}`);
  };
  console.log(`seed ${seed}, ${jobs} jobs, ${minutes} minutes, in ${folder}`);
  const deployment = await Deployment.start(folder, onViolation);
  try {
    const client = clientOf(deployment);
    const { items, expected, models } = await undisturbed(client);
    console.log(`undisturbed: ${expected.size} requests done`);
    const lengthMs = minutes * 60_000;
    const { accepted, inflicted } = await runJobs({
      client,
      deployment,
      jobs: planJobs(items, jobs, lengthMs * ENQUEUE_SHARE, seed),
      faults: planFaults(lengthMs, seed, only),
      patienceMs: Math.max(LEAST_PATIENCE_MS, jobs * PATIENCE_MS_A_JOB),
      onViolation,
      onProgress: (line) => console.log(line),
    });
    const checked = [];
    for (const job of accepted) checked.push(await checkJob({ client, deployment }, job, expected, onViolation));
    // A drain spends no attempt.
    const spent = checked.filter(({ job }) => job.attempts > 0);
    if (only === 'drain worker')
      for (const { job } of spent) onViolation(`${job.id} has spent ${job.attempts} attempts`);
    if (accepted.length !== jobs) onViolation(`${accepted.length} of ${jobs} jobs were accepted`);
    await checkKeys(deployment, onViolation);
    await checkStorage(deployment, checked, models, onViolation);
    const processes = await checkProcesses(deployment, folder, onViolation);
    for (const line of report({ checked, inflicted, services: deployment.services, processes, violations }))
      console.log(line);
  } finally {
    await deployment.stop();
    if (keep) console.log(`kept: ${folder}`);
    else rmSync(folder, { recursive: true, force: true });
  }
  return violations;
}

try {
  const { values } = parseArgs({
    options: {
      jobs: { type: 'string' },
      minutes: { type: 'string' },
      seed: { type: 'string' },
      only: { type: 'string' },
      keep: { type: 'boolean' },
    },
  });
  process.exitCode = (await chaos(asked.parse(values))).length === 0 ? 0 : 1;
} catch (error) {
  console.error(error instanceof z.ZodError ? `${z.prettifyError(error)}\n\n${USAGE}` : error);
  process.exitCode = 1;
}
