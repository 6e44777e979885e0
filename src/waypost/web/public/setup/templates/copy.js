(function () {
  var button = document.getElementById("copy");
  var field = document.getElementById("password");
  button.hidden = false;
  button.addEventListener("click", function () {
    field.select();
    navigator.clipboard.writeText(field.value).then(function () {
      button.textContent = button.dataset.copied;
    });
  });
})();
