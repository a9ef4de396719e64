// Sends one mail by nodemailer; standard input is {"server": ..., "mail": ...}, files in base64.
import { text } from "node:stream/consumers";
import nodemailer from "nodemailer";

const { server, mail } = JSON.parse(await text(process.stdin));
const transport = nodemailer.createTransport(server);
const info = await transport.sendMail(mail);
process.stdout.write(info.response);
transport.close();
