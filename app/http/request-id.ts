const WELL_FORMED = /^[\w.:-]{1,128}$/;

/** Whether an id that a client sent may go into logs and answers as it is. */
export const isWellFormedId = (id: string): boolean => WELL_FORMED.test(id);
