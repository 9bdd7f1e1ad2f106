// Takes webhooks and verifies them by the npm package `standardwebhooks`. Its address is its first line; then each
// request is a line of JSON. What it answers is the first part of the path: a status each time, or a list such as
// `500,204` one after the other and the last for ever; `hang` is no answer. With CERTIFICATES, a folder, it speaks TLS.

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { Webhook } from "standardwebhooks";

const webhook = new Webhook(process.env.SECRET);
const seen = new Map();

const folder = process.env.CERTIFICATES;
const listening = folder
  ? createTlsServer({
      cert: readFileSync(`${folder}/localhost.pem`),
      key: readFileSync(`${folder}/localhost.key`),
    })
  : createServer();

listening.on("request", (request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    const body = Buffer.concat(chunks).toString("utf8");
    const before = seen.get(request.url) ?? 0;
    seen.set(request.url, before + 1);
    const answers = request.url.split("/")[1].split(",");
    const answer = answers[Math.min(before, answers.length - 1)];
    let verified = true;
    try {
      webhook.verify(body, request.headers);
    } catch (error) {
      verified = error.message;
    }
    const { method, url, headers } = request;
    console.log(JSON.stringify({ method, url, headers, body, verified, answer }));
    if (answer === "hang") return;
    const status = Number(answer);
    response.writeHead(status, status === 302 ? { location: "/204/after-a-redirect" } : {});
    response.end();
  });
});

listening.listen(0, "127.0.0.1", () => {
  const { port } = listening.address();
  console.log(folder ? `https://localhost:${port}` : `http://127.0.0.1:${port}`);
});
