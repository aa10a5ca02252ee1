//! `denied`: the kinds of devices that a qube must not be given by hand.

use device_core::error::Error;
use device_core::interface::Interface;
use device_core::name::QubeName;
use serde::Serialize;

use crate::errand::{Errand, Manner};
use crate::failure::{Failure, is_no_such_qube};
use crate::json;
use crate::kind;
use crate::ledger::is_open;
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
        "add" => add(errand, &qube, &without(codes, &before)).await,
        "remove" => {
            let there = codes.into_iter().filter(|code| before.contains(code)).collect::<Vec<_>>();
            remove(errand, &qube, &there).await
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

async fn add(errand: &mut Errand<'_>, qube: &QubeName, codes: &[Interface]) -> Result<(), Failure> {
    if !codes.is_empty()
        && let Err(error) = errand.client.deny(qube, codes).await
    {
        return Err(refused(errand, qube, &error));
    }
    after(errand, qube).await
}

async fn remove(errand: &mut Errand<'_>, qube: &QubeName, codes: &[Interface]) -> Result<(), Failure> {
    if !codes.is_empty()
        && let Err(error) = errand.client.allow(qube, codes).await
    {
        return Err(refused(errand, qube, &error));
    }
    after(errand, qube).await
}

fn refused(errand: &Errand<'_>, qube: &QubeName, error: &Error) -> Failure {
    if is_no_such_qube(error) {
        return errand.no_such_qube(qube.as_str());
    }
    if is_open(error) {
        return Failure::Refused(format!("{} {}", error.sentence(), errand.client.known()));
    }
    error.clone().into()
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
