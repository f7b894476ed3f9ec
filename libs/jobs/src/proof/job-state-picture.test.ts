import { readFileSync } from 'node:fs';
import { JOB_STATES, TRANSITIONS } from '@glyphmill/contract';
import { expect, test } from 'vitest';

const transitions = JOB_STATES.flatMap((from) => TRANSITIONS[from].map((to) => `${from} → ${to}`));

test.each(['light', 'dark'])('the %s picture of the states draws each transition once, and no other', (mode) => {
  const picture = readFileSync(new URL(`../../../../docs/images/job-states-${mode}.svg`, import.meta.url), 'utf8');
  const drawn = [...picture.matchAll(/<path data-from="(\w+)" data-to="(\w+)"/gu)].map(
    ([, from, to]) => `${from} → ${to}`,
  );
  expect(drawn).toHaveLength(transitions.length);
  expect(new Set(drawn)).toEqual(new Set(transitions));
  const boxes = [...picture.matchAll(/<rect data-state="(\w+)"/gu)].map(([, state]) => state);
  expect(boxes).toHaveLength(JOB_STATES.length);
  expect(new Set(boxes)).toEqual(new Set(JOB_STATES));
});

test('a final state leads nowhere, and every other state leads to an end', () => {
  const finals = JOB_STATES.filter((state) => TRANSITIONS[state].length === 0);
  expect(finals).toEqual(['succeeded', 'failed', 'cancelled']);
  for (const state of ['queued', 'running', 'paused'] as const) {
    expect(TRANSITIONS[state]).toEqual(expect.arrayContaining(['failed', 'cancelled']));
  }
});
