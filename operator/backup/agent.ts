/** Port of the agent, which runs beside each member of the database. */
export const AGENT_PORT = 8432;
