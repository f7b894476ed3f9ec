import { addPrioritizedJob } from 'bullmq/dist/esm/scripts/addPrioritizedJob-9.js';
import { DELIVERY_VALUES, QUEUE_KEYS } from '../deliveries/delivery-queue.js';

/**
 * Lua that adds deliveries to BullMQ by BullMQ's own script, so that one script of ours writes a record and its delivery:
 * both are written or, if Redis refuses the script, neither. It needs `LANE_KEYS`. `deliver(at)` adds the delivery whose
 * values (`DeliveryQueue.delivery`) begin at `ARGV[at]`; with `isAhead` it comes before its priority's peers, as BullMQ
 * itself puts what a worker hands back. One that is known already is left as it is. `deliverAll(at)` adds all from there on.
 */
export const DELIVER = `
local function addPrioritizedJob(KEYS, ARGV)
${addPrioritizedJob.content}
end

local function deliver(at, isAhead)
  local keys = {}
  for i, name in ipairs({ ${QUEUE_KEYS.map((name) => `'${name}'`).join(', ')} }) do keys[i] = key[ARGV[at] .. ':' .. name] end
  local id = addPrioritizedJob(keys, { ARGV[at + 1], ARGV[at + 2], ARGV[at + 3] })
  local score = isAhead and redis.call('ZSCORE', keys[4], id)
  if score then redis.call('ZADD', keys[4], score - score % 0x100000000, id) end
end

local function deliverAll(from)
  for at = from, #ARGV, ${DELIVERY_VALUES} do deliver(at) end
end
`;
