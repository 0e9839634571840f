const express = require("express");
const { Pool } = require("pg");

const app = express();
app.set("trust proxy", 1); // behind one load balancer: req.protocol and req.ip are the client's
const database = process.env.DATABASE_URL ? new Pool({ connectionString: process.env.DATABASE_URL }) : null;

app.get("/healthz", (_request, response) => response.send("ok\n"));
app.use((request, response, next) =>
  request.secure || process.env.HTTPS_ONLY !== "1" ? next() : response.redirect(301, `https://${request.hostname}${request.url}`)
);
app.get("/", async (request, response) => {
  const now = database ? (await database.query("select now()")).rows[0].now : "no database";
  response.send(`Express, release ${process.env.RELEASE_SHA}, ${request.protocol}, ${now}\n`);
});

const server = app.listen(process.env.PORT);
// Longer than loadBalancer.idleTimeout (60 s): Node's default of 5 s would close connections that are still in use.
server.keepAliveTimeout = 75_000;
server.headersTimeout = 80_000;
process.on("SIGTERM", () => server.close(() => process.exit(0))); // lets requests in flight finish
