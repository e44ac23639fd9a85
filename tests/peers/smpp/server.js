// A message centre made of the npm package "smpp": an independent opinion of our SMPP link.
// Prints one JSON line per thing that happens; reads commands as JSON lines from standard input:
//   {"throttle": n}  answer the next n submits with ESME_RTHROTTLED
//   {"enquire": true}  send an enquire_link on every link
//   {"receipts": false}  send no more delivery receipts
"use strict";
const readline = require("readline");
const smpp = require("smpp");

const tell = (thing) => process.stdout.write(JSON.stringify(thing) + "\n");
const links = new Set();
let throttle = 0;
let receipts = true;
let lastId = 0;

const server = smpp.createServer((session) => {
  links.add(session);
  session.on("error", (error) => tell({ event: "error", text: String(error) }));
  session.on("close", () => {
    links.delete(session);
    tell({ event: "closed" });
  });
  session.on("bind_transceiver", (pdu) => {
    const good = pdu.system_id === "hotline" && pdu.password === "secret";
    tell({ event: "bind", system_id: pdu.system_id, good });
    session.send(pdu.response({ command_status: good ? smpp.ESME_ROK : smpp.ESME_RINVPASWD }));
  });
  session.on("enquire_link", (pdu) => session.send(pdu.response()));
  session.on("enquire_link_resp", () => tell({ event: "enquire_link_resp" }));
  session.on("deliver_sm_resp", (pdu) =>
    tell({ event: "deliver_sm_resp", status: pdu.command_status }));
  session.on("unbind", (pdu) => {
    tell({ event: "unbind" });
    session.send(pdu.response());
    session.close();
  });
  session.on("submit_sm", (pdu) => {
    if (throttle > 0) {
      throttle -= 1;
      tell({ event: "throttled" });
      session.send(pdu.response({ command_status: smpp.ESME_RTHROTTLED }));
      return;
    }
    lastId += 1;
    const messageId = lastId.toString(16).toUpperCase().padStart(8, "0");
    const message = pdu.short_message;
    const udh = message.udh && Array.isArray(message.udh) ? message.udh : [message.udh];
    tell({
      event: "submit",
      id: messageId,
      source: pdu.source_addr,
      destination: pdu.destination_addr,
      data_coding: pdu.data_coding,
      text: message.message,
      udh: message.udh ? udh.map((one) => one.toString("hex")) : [],
      esm_class: pdu.esm_class,
      registered_delivery: pdu.registered_delivery,
    });
    session.send(pdu.response({ message_id: messageId }));
    if (receipts && pdu.registered_delivery & 1) {
      setTimeout(() => session.deliver_sm({
        source_addr: pdu.destination_addr,
        destination_addr: pdu.source_addr,
        esm_class: smpp.ESM_CLASS.MC_DELIVERY_RECEIPT,
        short_message:
          `id:${parseInt(messageId, 16)} sub:001 dlvrd:001 submit date:2611220931 ` +
          "done date:2611220931 stat:DELIVRD err:000 text:",
      }), 20);
    }
  });
});

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const command = JSON.parse(line);
  if ("throttle" in command) throttle = command.throttle;
  if ("receipts" in command) receipts = command.receipts;
  if (command.enquire) links.forEach((session) => session.enquire_link());
  tell({ event: "command", ...command });
}).on("close", () => process.exit(0));

server.listen(0, "127.0.0.1", () => tell({ event: "listening", port: server.address().port }));
