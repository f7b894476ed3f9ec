/** What tests of processes that speak with Redis are built with. */
export { RedisProxy } from './redis-proxy.js';
export { WorkedBoard } from './worked-board.js';
