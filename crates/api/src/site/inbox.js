// Shows the newest messages, and looks for new ones every two seconds.
const list = document.getElementById("messages");
const empty = document.getElementById("empty");
const when = new Intl.DateTimeFormat("fa-IR-u-ca-persian", { dateStyle: "medium", timeStyle: "medium", timeZone: "Asia/Tehran" });
let shown = "";

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

function item(message) {
  const header = document.createElement("header");
  header.append(element("bdi", `${message.phone_number} · ${message.channel}`), element("time", when.format(new Date(message.created_at))));
  const made = document.createElement("li");
  made.append(header, element("div", message.text));
  if (message.code) made.append(element("code", message.code));
  return made;
}

async function look() {
  try {
    const text = await (await fetch("/dev/inbox/messages/" + location.search)).text();
    if (text !== shown) {
      shown = text;
      const { results } = JSON.parse(text);
      list.replaceChildren(...results.map(item));
      empty.hidden = results.length > 0;
    }
  } catch {
    // the server is starting again; the next look will find it
  }
  setTimeout(look, 2000);
}
look();
