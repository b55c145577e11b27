// Only the language that the page was last read in, else the browser's; without a script all are there.
const spoken = [...document.querySelectorAll("[lang]:not(html)")].map((part) => part.lang);
const wanted = [localStorage.getItem("language"), ...navigator.languages].map((name) => name?.slice(0, 2));
const language = wanted.find((name) => spoken.includes(name)) ?? "en";
document.documentElement.lang = language;
for (const part of document.querySelectorAll("[lang]:not(html)")) part.hidden = part.lang !== language;
document.title = `${document.querySelector("h1:not([hidden])").textContent} · EnergyGuard`;
