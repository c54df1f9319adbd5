import { jobsPlugin } from './jobs/plugin';

export * from './tokens';

export default [jobsPlugin];
