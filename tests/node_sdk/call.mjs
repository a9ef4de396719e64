// Calls of the API by the official Node.js SDK: one JSON object a line in, one a line out.
import { createInterface } from "node:readline";
import { ses } from "tencentcloud-sdk-nodejs-ses";

const [endpoint, secretId, secretKey] = process.argv.slice(2);
const client = new ses.v20201002.Client({
  credential: { secretId, secretKey },
  region: "ap-hongkong",
  profile: { language: "en-US", httpProfile: { endpoint, protocol: "http://" } },
});

for await (const line of createInterface({ input: process.stdin })) {
  const { action, parameters } = JSON.parse(line);
  let answer;
  try {
    answer = { response: await client[action](parameters) };
  } catch (error) {
    answer = { code: error.code, message: error.message, requestId: error.requestId };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
process.exit(0); // Connections that are kept alive would keep the process as well.
