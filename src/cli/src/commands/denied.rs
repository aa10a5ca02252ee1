//! `denied`: the kinds of devices that a qube must not be given by hand.

use device_core::error::Error;
use device_core::interface::Interface;
use device_core::name::QubeName;
use serde::Serialize;

use super::aftermath;
use crate::errand::{Errand, Manner};
use crate::failure::{Failure, is_no_such_qube};
use crate::json;
use crate::kind;
use crate::parse::Matches;
use crate::shown::shown;
use crate::table;

/// Lists, adds or removes; what is so already is not asked for again.
///
/// # Errors
/// Whatever kept it from being done.
pub(super) async fn run(errand: &mut Errand<'_>, matches: &Matches) -> Result<(), Failure> {
    let kinds = matches.operands().get(2..).unwrap_or_default();
    let action = matches.operand(0).unwrap_or_default();
    if !matches!(action, "list" | "add" | "remove") {
        let text = format!(
            "argument ACTION: invalid choice: '{}' (choose from 'list', 'add', 'remove')",
            shown(action)
        );
        return Err(errand.usage(&text));
    }
    if kinds.is_empty() != (action == "list") {
        return Err(errand.usage(match action {
            "list" => "argument KIND: not allowed with ACTION list",
            _ => "the following arguments are required: KIND",
        }));
    }
    let codes = codes(errand, kinds)?;
    let qube = errand.target(matches.operand(1).unwrap_or_default()).await?;
    let before = read(errand, &qube).await?;
    match action {
        "add" => add(errand, &qube, &without(codes, &before), &before).await,
        "remove" => {
            let there = codes.into_iter().filter(|code| before.contains(code)).collect::<Vec<_>>();
            remove(errand, &qube, &there, &before).await
        }
        _ => list(errand, &qube, &before),
    }
}

/// The codes of all words, each once.
fn codes(errand: &Errand<'_>, words: &[String]) -> Result<Vec<Interface>, Failure> {
    let mut codes = Vec::new();
    for word in words {
        let meant = kind::codes(word).map_err(|text| errand.usage(&text))?;
        codes.extend(without(meant, &codes));
    }
    Ok(codes)
}

fn without(codes: Vec<Interface>, known: &[Interface]) -> Vec<Interface> {
    codes.into_iter().filter(|code| !known.contains(code)).collect()
}

async fn read(errand: &mut Errand<'_>, qube: &QubeName) -> Result<Vec<Interface>, Failure> {
    match errand.client.denied(qube).await {
        Ok(denied) => Ok(denied),
        Err(error) => Err(errand.explain(qube, error.into()).await),
    }
}

fn list(errand: &mut Errand<'_>, qube: &QubeName, denied: &[Interface]) -> Result<(), Failure> {
    if errand.manner == Manner::Json {
        return tell(errand, "denied", qube, denied);
    }
    let rows: Vec<_> =
        denied.iter().map(|code| vec![code.to_string(), kind::name(code).to_owned()]).collect();
    Ok(errand.console.out.write_all(table::render(&rows).as_bytes())?)
}

async fn add(
    errand: &mut Errand<'_>,
    qube: &QubeName,
    codes: &[Interface],
    before: &[Interface],
) -> Result<(), Failure> {
    if !codes.is_empty()
        && let Err(error) = errand.client.deny(qube, codes).await
    {
        let is_done = |now: &[Interface]| codes.iter().all(|code| now.contains(code));
        return Err(failed(errand, qube, &error, before, is_done).await);
    }
    after(errand, qube).await
}

async fn remove(
    errand: &mut Errand<'_>,
    qube: &QubeName,
    codes: &[Interface],
    before: &[Interface],
) -> Result<(), Failure> {
    if !codes.is_empty()
        && let Err(error) = errand.client.allow(qube, codes).await
    {
        let is_done = |now: &[Interface]| !codes.iter().any(|code| now.contains(code));
        return Err(failed(errand, qube, &error, before, is_done).await);
    }
    after(errand, qube).await
}

/// What to say of a change that failed. After silence, or a link that broke, the list is read once more.
async fn failed(
    errand: &Errand<'_>,
    qube: &QubeName,
    error: &Error,
    before: &[Interface],
    is_done: impl Fn(&[Interface]) -> bool,
) -> Failure {
    if is_no_such_qube(error) {
        return errand.no_such_qube(qube.as_str());
    }
    let Some(first) = aftermath::unclear(error) else {
        return error.clone().into();
    };
    let now = match errand.client.denied(qube).await {
        Ok(now) if is_done(&now) => format!("The deny list of {qube} is as asked for now."),
        // Silence that changed nothing was a refusal.
        Ok(now) if is_same(&now, before) && *error == Error::empty_reply() => return error.clone().into(),
        Ok(now) if is_same(&now, before) => format!("The deny list of {qube} is as it was before."),
        Ok(_) => format!("The deny list of {qube} is another one now; look again."),
        Err(_) => format!("Whether the deny list of {qube} was changed is not known; look again."),
    };
    Failure::Refused(format!("{first} {now}"))
}

fn is_same(one: &[Interface], other: &[Interface]) -> bool {
    one.len() == other.len() && one.iter().all(|code| other.contains(code))
}

/// The list as it is now, for whoever asked for JSON.
async fn after(errand: &mut Errand<'_>, qube: &QubeName) -> Result<(), Failure> {
    if errand.manner == Manner::Json {
        let denied = read(errand, qube).await?;
        tell(errand, "denied", qube, &denied)?;
    }
    Ok(())
}

fn tell(errand: &mut Errand<'_>, kind: &str, qube: &QubeName, denied: &[Interface]) -> Result<(), Failure> {
    #[derive(Serialize)]
    struct Denied<'a> {
        qube: &'a str,
        denied: Vec<&'a str>,
    }
    let body = Denied { qube: qube.as_str(), denied: denied.iter().map(Interface::as_str).collect() };
    Ok(errand.console.out.write_all(json::line(kind, body).as_bytes())?)
}
