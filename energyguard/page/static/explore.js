// What was looked at last is there at the next visit: an address that says nothing gets it back.
if (location.pathname === "/explore") {
  const kept = localStorage.getItem("explore");
  const asks = new URLSearchParams(location.search);
  if (asks.has("of") || asks.has("span") || asks.has("from")) localStorage.setItem("explore", location.search);
  else if (kept) location.replace(`/explore${kept}`);
}
