// Evaluates lines of {"logic", "data"} with the JavaScript reference; an answer a line.
//
// The first argument is the folder that holds node_modules. A date-time is written as
// {"dateTime": milliseconds}, null for an invalid one, so that it cannot be taken for a string.
"use strict";

const path = require("path");
const readline = require("readline");

const { evaluate } = require(path.join(process.argv[2], "node_modules", "certlogic-js"));

const readable = (value) => {
  if (value instanceof Date) {
    const milliseconds = value.getTime();
    return { dateTime: Number.isNaN(milliseconds) ? null : milliseconds };
  }
  if (Array.isArray(value)) {
    return value.map(readable);
  }
  if (value !== null && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, readable(item)]));
  }
  return value;
};

const answer = (line) => {
  const { logic, data } = JSON.parse(line);
  try {
    return { value: readable(evaluate(logic, data)) };
  } catch (error) {
    return { error: error.message };
  }
};

readline
  .createInterface({ input: process.stdin, crlfDelay: Infinity })
  .on("line", (line) => process.stdout.write(JSON.stringify(answer(line)) + "\n"));
