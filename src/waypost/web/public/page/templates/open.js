(function () {
  var token = location.hash.slice(1);
  if (!token) return;
  var form = document.getElementById("open");
  form.elements.token.value = token;
  form.action += "#" + token;
  form.submit();
})();
