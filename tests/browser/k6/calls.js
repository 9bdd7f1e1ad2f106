/** Calls and a stream of gRPC: `SERVER=host:port`. */

import { check } from "k6";
import grpc from "k6/net/grpc";

export const options = {
  scenarios: {
    calls: { executor: "shared-iterations", vus: 2, iterations: 20 },
  },
};

const client = new grpc.Client();
client.load(null, "hello.proto");

export default function () {
  client.connect(__ENV.SERVER, { plaintext: true });
  const said = client.invoke("hello.Hello/SayHello", { text: "hello" });
  check(said, { "is greeted": ({ status }) => status === grpc.StatusOK });
  if (__ITER % 2 === 0) client.invoke("hello.Hello/SayNothing", { text: "hello" });
  const stream = new grpc.Stream(client, "hello.Hello/Echo");
  stream.on("end", () => client.close());
  for (const text of ["one", "two"]) stream.write({ text });
  stream.end();
}
