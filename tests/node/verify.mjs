// Verifies DKIM signatures with mailauth, an implementation that shares nothing with ours.
// Reads {"mails": [base64, ...], "dns": {name: TXT text, ...}} from stdin and writes, for each mail,
// the list of its signatures as {domain, selector, result, comment}.
import { dkimVerify } from "mailauth/lib/dkim/verify.js";

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const { mails, dns } = JSON.parse(Buffer.concat(chunks).toString());

const resolver = async (name, type) => {
  const text = type === "TXT" ? dns[name.toLowerCase()] : undefined;
  if (text === undefined) {
    throw Object.assign(new Error(`no ${type} record of ${name}`), { code: "ENOTFOUND" });
  }
  return [text.match(/.{1,255}/g)];
};

const verdicts = [];
for (const mail of mails) {
  const { results } = await dkimVerify(Buffer.from(mail, "base64"), { resolver, strict: true });
  verdicts.push(
    results.map((found) => ({
      domain: found.signingDomain ?? "",
      selector: found.selector ?? "",
      result: found.status.result,
      comment: String(found.status.comment ?? ""),
    })),
  );
}
process.stdout.write(JSON.stringify(verdicts));
