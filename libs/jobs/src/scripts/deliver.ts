import { addPrioritizedJob } from 'bullmq/dist/esm/scripts/addPrioritizedJob-9.js';
import { lane } from '../lane.js';

/**
 * Lua that adds deliveries to BullMQ by BullMQ's own script, so that one script of ours writes a record and its delivery:
 * both are written or, where Redis refuses the script, neither. The keys of all lanes (`DeliveryQueue.laneKeys`) must be
 * the last keys. `deliver(at)` adds the delivery whose values (`DeliveryQueue.delivery`) begin at `ARGV[at]`; with
 * `isAhead` it comes before its priority's peers, as BullMQ itself puts what a worker hands back. One that is known
 * already is left as it is.
 */
export const DELIVER = `
local function addPrioritizedJob(KEYS, ARGV)
${addPrioritizedJob.content}
end

local function deliver(at, isAhead)
  local keys = {}
  local before = #KEYS - ${lane.options.length * addPrioritizedJob.keys} + ARGV[at] * ${addPrioritizedJob.keys}
  for i = 1, ${addPrioritizedJob.keys} do keys[i] = KEYS[before + i] end
  local id = addPrioritizedJob(keys, { ARGV[at + 1], ARGV[at + 2], ARGV[at + 3] })
  local score = isAhead and redis.call('ZSCORE', keys[4], id)
  if score then redis.call('ZADD', keys[4], score - score % 0x100000000, id) end
end
`;

/** How many values one delivery has in a script's arguments. */
export const DELIVERY_VALUES = 4;
